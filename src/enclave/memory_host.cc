#include <algorithm>

#include "enclave/host.h"

namespace cloister::enclave {

Result<Bytes> MemoryHost::ReadObject(const ObjectRange& range) {
  const auto it = objects.find(range.dataset);
  if (it == objects.end()) return NotFound("no such object");
  const ByteView all(it->second);
  if (range.offset > all.size()) return InvalidArgument("an offset behind the object's end");
  const auto rest = all.subspan(range.offset);
  return ToBytes(rest.first(std::min(range.length, rest.size())));
}

Status MemoryHost::PutResult(const std::string& query_id, std::uint64_t offset, ByteView piece) {
  Bytes& result = results[query_id];
  if (offset == 0) result.clear();
  if (offset != result.size()) return Conflict("a piece out of order");
  cloister::Append(result, piece);
  return {};
}

}  // namespace cloister::enclave
