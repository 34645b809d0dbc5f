#!/bin/bash
# JSON has one way into the room, json_value.cc, which bounds its size and depth: whoever walks a value may recurse, and a
# text of any other parser could end the process. Tests, benchmarks and what they are made of compare with RapidJSON's own.
set -u
other_ways() { # FILE...
  grep -nE '(\.|->)(template )?Parse(Insitu|Stream|StreamInsitu)? *(<[^;(]*>)? *\(|rapidjson::(Generic)?Reader\b|\bGenericReader\b|rapidjson/(istreamwrapper|filereadstream)' \
    -- "$@" /dev/null
}

cd "$TEST_TMPDIR" || exit 2
cat >bad.cc <<'END'
  document.Parse(text.c_str());
  document->Parse<rapidjson::kParseIterativeFlag>(text.data(), text.size());
  reader.template Parse<kFlags>(stream, handler);
  document.ParseInsitu(buffer);
  document.ParseStream<0, rapidjson::UTF8<>>(stream);
  rapidjson::Reader reader;
  rapidjson::GenericReader<rapidjson::UTF8<>, rapidjson::UTF8<>> reader;
#include "rapidjson/istreamwrapper.h"
END
cat >good.cc <<'END'
  if (const auto malformed = ParseJson(text, document)) return;
  const Parts from = Parse(base);
END
[[ $(other_ways bad.cc | wc -l) == $(wc -l <bad.cc) ]] || {
  echo "the check lets another way in" >&2
  exit 1
}
[[ -z $(other_ways good.cc) ]] || exit 1

cd "$TEST_SRCDIR/$TEST_WORKSPACE" || exit 2
mapfile -t files < <(find -L tools -name '*.cc' -o -name '*.h' | grep -vE '_(test|benchmark)\.cc$|^tools/json_value\.cc$')
[[ ${#files[@]} -gt 40 ]] || {
  echo "only ${#files[@]} files are looked at" >&2
  exit 1
}
found=$(other_ways "${files[@]}")
[[ -z $found ]] && exit 0
echo "JSON is parsed beside ParseJson of tools/json_value.h:" >&2
echo "$found" >&2
exit 1
