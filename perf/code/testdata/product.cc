// What is measured, in as many variants as there are macros: each differs from the plain one in one
// thing that code can differ in.
#include "perf/code/testdata/product.h"

namespace product {

#ifdef CHANGED_CALLEE
[[gnu::noinline]] int Callee(int x) { return x * 5 + 1; }
#else
[[gnu::noinline]] int Callee(int x) { return x * 3 + 1; }
#endif

#ifdef CHANGED_TABLE
constexpr int kTable[] = {2, 3, 5, 7, 11, 13, 17, 23};
#else
constexpr int kTable[] = {2, 3, 5, 7, 11, 13, 17, 19};
#endif

#ifdef CHANGED_INLINED
inline int Inlined(int x) { return x ^ 6; }
#else
inline int Inlined(int x) { return x ^ 5; }
#endif

struct Animal {
  virtual ~Animal() = default;
  virtual int Legs() const { return 4; }
#ifdef CHANGED_VIRTUAL_TABLE
  virtual int Eyes() const { return 2; }
#endif
  virtual int Wings() const { return 0; }
};

struct Bird : Animal {
#ifdef CHANGED_VIRTUAL_FUNCTION
  int Legs() const override { return 3; }
#else
  int Legs() const override { return 2; }
#endif
};

#ifdef CHANGED_VISIBILITY
// It is the symbol alone that differs.
[[gnu::visibility("hidden")]] extern const int hidden;
#else
extern const int hidden;
#endif
const int hidden = 1;

#ifdef CHANGED_LITERAL
const char* Greeting() { return "good morning"; }
#else
const char* Greeting() { return "good evening"; }
#endif

#ifdef CHANGED_DEFAULT_ARGUMENT
[[gnu::noinline]] int Scaled(int x, int by = 9);
#else
[[gnu::noinline]] int Scaled(int x, int by = 7);
#endif
int Scaled(int x, int by) { return x * by; }

#ifdef CHANGED_INITIALISER
int started = Callee(4);
#else
int started = Callee(3);
#endif

#ifdef CHANGED_BINDING
// Another object's could take its place.
[[gnu::weak]] int First(int x) { return x + 100; }
#else
[[gnu::noinline]] int First(int x) { return x + 100; }
#endif
[[gnu::noinline]] int Second(int x) { return x + 200; }
#ifdef CHANGED_CALL
int Call(int x) { return Second(x) + 1; }
#else
int Call(int x) { return First(x) + 1; }
#endif

// The cases are one block of code each, so that two of them can change places in the table alone.
[[gnu::noinline]] int Switch(int kind, int x) {
  switch (kind) {
#ifdef CHANGED_JUMP_TABLE
    case 0:
    case 2:
      return First(x);
    case 1:
      return Second(x);
#else
    case 0:
    case 1:
      return First(x);
    case 2:
      return Second(x);
#endif
    case 3:
      return Callee(x);
    case 4:
      return Scaled(x);
    case 5:
      return Call(x) * 3;
    case 6:
      return started - x;
    default:
      return 0;
  }
}

// No symbol that others see has this size.
namespace {
#ifdef CHANGED_BSS
int zeros[2000];
#else
int zeros[1000];
#endif
}  // namespace

#ifdef CHANGED_THREAD_LOCAL
thread_local int of_thread = 2;
#else
thread_local int of_thread = 1;
#endif

int Product(int x) {
  const Bird bird;
  const Animal& animal = bird;
  return Inlined(x) + kTable[x & 7] + animal.Legs() + Greeting()[x & 7] + Scaled(x) + Call(x) +
         Switch(x & 7, x) + zeros[x & 511]++ + of_thread++ + Shared(x);
}

}  // namespace product
