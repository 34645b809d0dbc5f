// An object that only some of the programs have.
namespace product {

int added = 1;

}  // namespace product
