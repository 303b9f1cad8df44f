#include "cli/ledger_reader.h"

#include <algorithm>
#include <iterator>

#include "cli/foreign.h"
#include "cli/lookup.h"
#include "cli/server_json.h"
#include "codec/text.h"

namespace cloister::cli {
namespace {

constexpr std::size_t kProofHashesMax = 64;
// 256 entries of 1 MiB would not fit; a server may send fewer than were asked for, but at least one.
constexpr std::uint64_t kEntriesAnswerBytesMax = 64 << 20;

}  // namespace

LedgerReader::LedgerReader(Session& session, const EnvironmentId& id)
    : session_(session), path_(EnvironmentPath(id) + "/ledger") {}

Result<std::string> LedgerReader::Checkpoint() {
  CLOISTER_ASSIGN(const codec::Json answer, session_.api().Get(path_ + "/checkpoint"));
  return TextAt(answer, "checkpoint");
}

Result<std::vector<std::string>> LedgerReader::Entries(std::uint64_t from, std::uint64_t to) {
  std::vector<std::string> entries;
  while (from + entries.size() < to) {
    CLOISTER_ASSIGN(auto some, SomeEntries(from + entries.size(), to));
    std::ranges::move(some, std::back_inserter(entries));
  }
  return entries;
}

Result<std::vector<std::string>> LedgerReader::SomeEntries(std::uint64_t from, std::uint64_t to) {
  const std::string target = path_ + "?from=" + std::to_string(from) + "&to=" + std::to_string(to);
  CLOISTER_ASSIGN(const net::HttpAnswer raw,
                  session_.api().Send({.target = target, .answer_bytes_max = kEntriesAnswerBytesMax}));
  if (!raw.ok()) return net::JsonOf(raw).error();
  CLOISTER_ASSIGN(const codec::Json answer, codec::ParseJson(raw.body, {.bytes_max = kEntriesAnswerBytesMax}));
  std::vector<std::string> entries;
  for (const codec::Json& entry : ArrayAt(answer, "entries")) {
    if (!entry.is_string() || entries.size() == to - from) break;
    entries.emplace_back(entry.get_string());
  }
  if (entries.empty()) {
    return Error{Code::kDataLoss, "the server does not give out ledger entry " + std::to_string(from)};
  }
  return entries;
}

Result<ledger::ProvenEntry> LedgerReader::Proven(std::uint64_t index, std::uint64_t size) {
  CLOISTER_ASSIGN(auto entries, Entries(index, index + 1));
  CLOISTER_ASSIGN(auto proof,
                  Proof(path_ + "/proof/inclusion?index=" + std::to_string(index) + "&size=" + std::to_string(size)));
  return ledger::ProvenEntry{.index = index, .text = std::move(entries[0]), .proof = std::move(proof)};
}

Result<crypto::MerkleProof> LedgerReader::Consistency(std::uint64_t from, std::uint64_t to) {
  return Proof(path_ + "/proof/consistency?from=" + std::to_string(from) + "&to=" + std::to_string(to));
}

Result<crypto::MerkleProof> LedgerReader::Proof(const std::string& target) {
  CLOISTER_ASSIGN(const codec::Json answer, session_.api().Get(target));
  const codec::JsonArray& hashes = ArrayAt(answer, "proof");
  if (hashes.size() > kProofHashesMax) return VerificationFailed("the server's proof is longer than any proof");
  crypto::MerkleProof proof;
  for (const codec::Json& hash : hashes) {
    if (!hash.is_string()) return VerificationFailed("the server's proof is no list of hashes");
    CLOISTER_ASSIGN(const Digest256 digest,
                    Foreign("a proof", codec::HexDecodeDigest(std::string_view(hash.get_string()))));
    proof.push_back(digest);
  }
  return proof;
}

}  // namespace cloister::cli
