// Inclusion and consistency proofs of transparency-dev/merkle, one list of entries with `wantErr` per file.
#include "codec/text.h"
#include "crypto/digest.h"
#include "crypto/merkle.h"
#include "vectors/vector_case.h"

namespace cloister::vectors {
namespace {

// Null and "" are an empty value there.
Bytes Base64(const Json& value, std::string_view what) {
  if (value.is_null()) return {};
  if (!value.is_string()) throw VectorError(std::string(what) + " must be base64");
  Result<Bytes> bytes = codec::Base64Decode(std::string_view(value.get_string()));
  if (!bytes) throw VectorError(std::string(what) + " is malformed base64");
  return std::move(bytes).value();
}

// Some entries have a text where a root belongs, of which only the equality with another matters. Its hash
// keeps that, and equals no root.
Digest256 Root(const JsonObject& entry, std::string_view name) {
  const Bytes bytes = Base64(Member(entry, name), name);
  return bytes.size() == 32 ? ToArray<32>(bytes) : crypto::Sha256(ByteView(bytes));
}

// Absent if an element is no hash.
std::optional<crypto::MerkleProof> Proof(const JsonObject& entry) {
  crypto::MerkleProof proof;
  const Json& list = Member(entry, "proof");
  if (list.is_null()) return proof;
  for (const Json& element : AsArray(list, "proof")) {
    const Bytes hash = Base64(element, "proof");
    if (hash.size() != 32) return std::nullopt;
    proof.push_back(ToArray<32>(hash));
  }
  return proof;
}

bool AcceptsInclusion(const JsonObject& entry) {
  const Bytes leaf = Base64(Member(entry, "leafHash"), "leafHash");
  const auto proof = Proof(entry);
  if (leaf.size() != 32 || !proof) return false;
  return crypto::VerifyInclusion(ToArray<32>(leaf), Unsigned(entry, "leafIdx"), Unsigned(entry, "treeSize"),
                                 *proof, Root(entry, "root"))
      .has_value();
}

bool AcceptsConsistency(const JsonObject& entry) {
  const auto proof = Proof(entry);
  const std::uint64_t old_size = Unsigned(entry, "size1"), new_size = Unsigned(entry, "size2");
  // RFC 9162 section 2.1.4 defines proofs from a tree that is not empty. That every tree extends the empty
  // one is our own addition, which merkle_test.cc covers.
  if (!proof || (old_size == 0 && new_size != 0)) return false;
  return crypto::VerifyConsistency(old_size, Root(entry, "root1"), new_size, Root(entry, "root2"), *proof)
      .has_value();
}

}  // namespace

Failure RunTlogCase(const VectorCase& vector_case, const Json& entries) {
  vector_case.AllowMembers({"counts"});
  if (vector_case.Expect() != "wantErr of each entry") {
    throw VectorError("no rule for expect " + vector_case.Expect());
  }
  std::size_t accepted = 0, refused = 0;
  for (const Json& element : AsArray(entries, "the file")) {
    const JsonObject& entry = AsObject(element, "an entry");
    if (entry.contains("leafIdx") == entry.contains("size1")) throw VectorError("an entry of no known kind");
    const bool accepts = entry.contains("leafIdx") ? AcceptsInclusion(entry) : AcceptsConsistency(entry);
    if (accepts == Flag(entry, "wantErr")) {
      return "entry " + std::to_string(accepted + refused) + " (" + TextOr(entry, "desc", "") + ") is " +
             (accepts ? "accepted" : "refused");
    }
    ++(accepts ? accepted : refused);
  }
  if (accepted + refused == 0) return "the file has no entries";
  return CheckCounts(vector_case, {{"accept", accepted}, {"reject", refused}, {"total", accepted + refused}});
}

}  // namespace cloister::vectors
