// Linked into every binary under --config=tsan.
//
// The packaged libabsl is not instrumented, so what its code orders is not seen. A status that
// several threads share is counted down there, and whoever deletes it seems to race with the
// others. Where the stack of the deletion lacks that code, as it has no frame, the counting up is
// on the other side.
extern "C" const char* __tsan_default_suppressions();  // NOLINT(bugprone-reserved-identifier)

extern "C" const char* __tsan_default_suppressions() {  // NOLINT(bugprone-reserved-identifier)
  return "race:Status::Unref\nrace:Status::Ref\n";
}
