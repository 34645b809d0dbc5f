#include "tools/builtin/units.h"

#include <string>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace parlance::tools {
namespace {

struct Unit {
  absl::string_view quantity;
  // Separated by |, the plural first: it is what answers say. A capital has to be one in what is
  // looked up, too: b is a bit, and M is not m. All other letters may be written in either case.
  absl::string_view names;
  // To the quantity's base unit: base = (value + offset) * factor / divisor. Decimals, which are
  // exact.
  absl::string_view factor;
  int divisor = 1;
  absl::string_view offset = "0";
};

constexpr Unit kUnits[] = {
    {"length", "meters|meter|metres|metre|m", "1"},
    {"length", "kilometers|kilometer|kilometres|kilometre|km", "1000"},
    {"length", "centimeters|centimeter|centimetres|centimetre|cm", "0.01"},
    {"length", "millimeters|millimeter|millimetres|millimetre|mm", "0.001"},
    {"length", "miles|mile|mi", "1609.344"},
    {"length", "yards|yard|yd", "0.9144"},
    {"length", "feet|foot|ft", "0.3048"},
    {"length", "inches|inch|in", "0.0254"},
    {"length", "nautical miles|nautical mile|nmi", "1852"},
    {"area", "square meters|square meter|m2", "1"},
    {"area", "square kilometers|square kilometer|km2", "1e6"},
    {"area", "square feet|square foot|ft2", "0.09290304"},
    {"area", "hectares|hectare|ha", "1e4"},
    {"area", "acres|acre", "4046.8564224"},
    {"volume", "liters|liter|litres|litre|l", "1"},
    {"volume", "milliliters|milliliter|millilitres|millilitre|ml", "0.001"},
    {"volume", "cubic meters|cubic meter|m3", "1000"},
    {"volume", "gallons|gallon|gal", "3.785411784"},
    {"volume", "quarts|quart|qt", "0.946352946"},
    {"volume", "pints|pint|pt", "0.473176473"},
    {"volume", "cups|cup", "0.2365882365"},
    {"volume", "tablespoons|tablespoon|tbsp", "0.01478676478125"},
    {"volume", "teaspoons|teaspoon|tsp", "0.00492892159375"},
    {"mass", "kilograms|kilogram|kg", "1"},
    {"mass", "grams|gram|g", "0.001"},
    {"mass", "milligrams|milligram|mg", "1e-6"},
    {"mass", "tonnes|tonne|t", "1000"},
    {"mass", "pounds|pound|lb|lbs", "0.45359237"},
    {"mass", "ounces|ounce|oz", "0.028349523125"},
    {"mass", "stone|stones|st", "6.35029318"},
    {"speed", "meters per second|meter per second|m/s", "1"},
    {"speed", "kilometers per hour|kilometer per hour|km/h|kph", "1000", 3600},
    {"speed", "miles per hour|mile per hour|mph", "1609.344", 3600},
    {"speed", "knots|knot|kn", "1852", 3600},
    {"time", "seconds|second|s", "1"},
    {"time", "milliseconds|millisecond|ms", "0.001"},
    {"time", "minutes|minute|min", "60"},
    {"time", "hours|hour|h", "3600"},
    {"time", "days|day|d", "86400"},
    {"time", "weeks|week", "604800"},
    {"data", "bytes|byte|B", "1"},
    {"data", "kilobytes|kilobyte|kB", "1e3"},
    {"data", "megabytes|megabyte|MB", "1e6"},
    {"data", "gigabytes|gigabyte|GB", "1e9"},
    {"data", "terabytes|terabyte|TB", "1e12"},
    {"data", "kibibytes|kibibyte|kiB", "1024"},
    {"data", "mebibytes|mebibyte|MiB", "1048576"},
    {"data", "gibibytes|gibibyte|GiB", "1073741824"},
    {"temperature", "kelvin|k", "1"},
    {"temperature", "degrees celsius|celsius|c|°c", "1", 1, "273.15"},
    {"temperature", "degrees fahrenheit|fahrenheit|f|°f", "5", 9, "459.67"},
};

absl::string_view Plural(const Unit& unit) { return unit.names.substr(0, unit.names.find('|')); }

bool Matches(absl::string_view name, absl::string_view known) {
  return absl::c_equal(name, known, [](char c, char known_c) {
    return c == known_c || absl::ascii_tolower(static_cast<unsigned char>(c)) == known_c;
  });
}

const Unit* Find(absl::string_view name) {
  const absl::string_view stripped = absl::StripAsciiWhitespace(name);
  for (const Unit& unit : kUnits) {
    for (const absl::string_view known : absl::StrSplit(unit.names, '|')) {
      if (Matches(stripped, known)) return &unit;
    }
  }
  return nullptr;
}

std::string UnitsOf(absl::string_view quantity) {
  std::string names;
  for (const Unit& unit : kUnits) {
    if (quantity.empty() || unit.quantity == quantity) {
      absl::StrAppend(&names, names.empty() ? "" : ", ", Plural(unit));
    }
  }
  return names;
}

}  // namespace

absl::StatusOr<Conversion> ConvertUnits(const Number& value, absl::string_view from,
                                        absl::string_view to) {
  const Unit* from_unit = Find(from);
  const Unit* to_unit = Find(to);
  for (const auto& [unit, name] : {std::pair(from_unit, from), std::pair(to_unit, to)}) {
    if (unit == nullptr) {
      return absl::InvalidArgumentError(
          absl::StrCat("there is no unit '", name, "'; the units are: ", UnitsOf("")));
    }
  }
  if (from_unit->quantity != to_unit->quantity) {
    return absl::InvalidArgumentError(
        absl::StrCat(Plural(*from_unit), " is a unit of ", from_unit->quantity, " and ",
                     Plural(*to_unit), " of ", to_unit->quantity, "; the units of ",
                     from_unit->quantity, " are: ", UnitsOf(from_unit->quantity)));
  }
  const auto constant = [](absl::string_view text) { return *Number::FromDecimal(text); };
  const Number base = (value + constant(from_unit->offset)) * constant(from_unit->factor) /
                      Number(from_unit->divisor);
  if (from_unit->quantity == "temperature" && base.is_negative()) {
    return absl::InvalidArgumentError("the temperature is below absolute zero");
  }
  return Conversion{.value = base * Number(to_unit->divisor) / constant(to_unit->factor) -
                             constant(to_unit->offset),
                    .from_unit = std::string(Plural(*from_unit)),
                    .to_unit = std::string(Plural(*to_unit))};
}

}  // namespace parlance::tools
