// Whatever the bytes, reading ends; and text that has no problem has none, and the same fields, when it is
// read in the pieces that LastRecordEnd cuts.
#include <string>

#include "base/bytes.h"
#include "base/check.h"
#include "codec/csv.h"

namespace {

struct Reading {
  std::string fields;
  bool ok = true;
};

void Read(std::string_view text, Reading& into) {
  cloister::codec::CsvReader reader(text);
  cloister::codec::CsvField field;
  while (!reader.AtEnd()) {
    if (!reader.Next(field)) {
      into.ok = false;
      return;
    }
    into.fields +=
        std::to_string(field.text.size()) + (field.quoted ? "q" : "p") + (field.ends_record ? "/" : ",");
    into.fields += field.text;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace cloister;
  const std::string_view text = AsText({data, size});
  Reading whole;
  Read(text, whole);
  if (!whole.ok) return 0;
  for (const std::size_t cut : {size / 3, size / 2, size}) {
    const std::size_t end = codec::LastRecordEnd(text.substr(0, cut));
    CLOISTER_CHECK(end <= cut);
    Reading parts;
    Read(text.substr(0, end), parts);
    Read(text.substr(end), parts);
    CLOISTER_CHECK(parts.ok && parts.fields == whole.fields);
  }
  return 0;
}
