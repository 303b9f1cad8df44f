#include "agreement/object_ref.h"

#include "agreement/fields.h"

namespace cloister::agreement {

codec::Json EncodeObjectRef(const SealedObjectRef& object) {
  codec::JsonObject json;
  json["header_digest"] = HexDigest(object.header_digest);
  json["length"] = static_cast<std::int64_t>(object.length_bytes);
  json["root"] = HexDigest(object.root);
  return json;
}

Result<SealedObjectRef> DecodeObjectRef(const codec::Json& json, const std::string& where) {
  codec::ObjectReader in(json, where);
  SealedObjectRef object;
  object.header_digest = in.HexDigest("header_digest");
  object.length_bytes = static_cast<std::uint64_t>(in.Integer("length", 1, kSealedObjectBytesMax));
  object.root = in.HexDigest("root");
  CLOISTER_TRY(in.Finish());
  return object;
}

}  // namespace cloister::agreement
