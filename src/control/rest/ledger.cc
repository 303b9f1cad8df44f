// GET .../ledger?from=&to=, /ledger/checkpoint, /ledger/proof/inclusion, /ledger/proof/consistency: the
// ledger's bytes and proofs, for clients that check them.

#include <algorithm>

#include "codec/text.h"
#include "control/rest/routes.h"

namespace cloister::control {
namespace {

constexpr std::size_t kEntriesAnswerBytes = 3 << 20;  // then the answer ends early; at least one entry is in it

Result<net::Response> Entries(const Api& api, const net::Request& request) {
  CLOISTER_ASSIGN(const Member member, RequireProposed(api, request, request.Param("id")));
  const std::uint64_t size = member.session->Look([](const ledger::LedgerState& state) { return state.size(); });
  CLOISTER_ASSIGN(const std::uint64_t from, QueryNumber(request, "from", 0));
  CLOISTER_ASSIGN(const std::uint64_t to, QueryNumber(request, "to", size));
  if (from > size) return NotFound("the ledger has not so many entries");
  if (from > to) return InvalidArgument("'from' must not be behind 'to'");
  const std::uint64_t count = std::min(to - from, ledger::kReadEntriesMax);
  CLOISTER_ASSIGN(const auto texts, api.store.ledgers.Read(member.record.id, from, count));
  codec::JsonArray entries;
  std::size_t bytes = 0;
  for (const std::string& text : texts) {
    bytes += text.size();
    if (!entries.empty() && bytes > kEntriesAnswerBytes) break;
    entries.emplace_back(text);
  }
  return JsonResponse(200, {{"entries", std::move(entries)}, {"from", from}, {"size", size}});
}

Result<net::Response> Checkpoint(const Api& api, const net::Request& request) {
  CLOISTER_ASSIGN(const Member member, RequireProposed(api, request, request.Param("id")));
  const auto note = member.session->Checkpoint();
  if (!note) return NotFound("the environment has no ledger yet");
  return JsonResponse(200, {{"checkpoint", *note}});
}

net::Response ProofResponse(const crypto::MerkleProof& proof) {
  codec::JsonArray hashes;
  for (const Digest256& hash : proof) hashes.emplace_back(codec::HexEncode(hash));
  return JsonResponse(200, {{"proof", std::move(hashes)}});
}

Result<net::Response> Inclusion(const Api& api, const net::Request& request) {
  CLOISTER_ASSIGN(const Member member, RequireProposed(api, request, request.Param("id")));
  if (!request.query.contains("index")) return InvalidArgument("'index' is missing");
  CLOISTER_ASSIGN(const std::uint64_t index, QueryNumber(request, "index", 0));
  return member.session->Look([&](const ledger::LedgerState& state) -> Result<net::Response> {
    CLOISTER_ASSIGN(const std::uint64_t size, QueryNumber(request, "size", state.size()));
    if (index >= size || size > state.size()) {
      return NotFound("the ledger has no such entry: 'index' must be below 'size'");
    }
    return ProofResponse(state.log().InclusionProof(index, size));
  });
}

Result<net::Response> Consistency(const Api& api, const net::Request& request) {
  CLOISTER_ASSIGN(const Member member, RequireProposed(api, request, request.Param("id")));
  if (!request.query.contains("from")) return InvalidArgument("'from' is missing");
  CLOISTER_ASSIGN(const std::uint64_t from, QueryNumber(request, "from", 0));
  return member.session->Look([&](const ledger::LedgerState& state) -> Result<net::Response> {
    CLOISTER_ASSIGN(const std::uint64_t to, QueryNumber(request, "to", state.size()));
    if (from > state.size() || to > state.size()) return NotFound("the ledger has not so many entries");
    if (from > to) return InvalidArgument("'from' must not be behind 'to'");
    return ProofResponse(state.log().ConsistencyProof(from, to));
  });
}

}  // namespace

void AddLedgerRoutes(net::Router& router, const Api& api) {
  const std::string base = "/api/tee/environments/{id}/ledger";
  router.Add("GET", base, [&api](const net::Request& request) { return Entries(api, request); });
  router.Add("GET", base + "/checkpoint", [&api](const net::Request& request) { return Checkpoint(api, request); });
  router.Add("GET", base + "/proof/inclusion", [&api](const net::Request& request) { return Inclusion(api, request); });
  router.Add("GET", base + "/proof/consistency",
             [&api](const net::Request& request) { return Consistency(api, request); });
}

}  // namespace cloister::control
