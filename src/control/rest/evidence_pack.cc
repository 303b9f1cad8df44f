// GET /api/tee/queries/{id}/evidence-pack: everything that proves what was asked, allowed and released, in one file
// that can be checked a year later without this server: documents, the ledger entries that hold them, their inclusion
// proofs in one checkpoint, and the boot entries with the evidence of the enclaves that signed.

#include <set>

#include "codec/text.h"
#include "control/rest/routes.h"

namespace cloister::control {
namespace {

// Where the ledger speaks of this query, and of whoever signed for it.
std::set<std::uint64_t> EntriesOf(const ledger::LedgerState& state, const ledger::QueryRecord& query) {
  std::set<std::uint64_t> entries{0, query.entry};
  for (const auto& boot : state.boots()) entries.insert(boot.entry);
  if (const auto* charter = state.FindCharter(query.request.charter)) entries.insert(charter->entry);
  for (const auto& read : query.request.datasets) {
    if (const auto entry = state.EntryOfLink(read.manifest)) entries.insert(*entry);
  }
  for (const auto& [thumbprint, approval] : query.approvals) entries.insert(approval.entry);
  for (const auto& [thumbprint, rejection] : query.rejections) {
    if (const auto entry = state.EntryOfLink(rejection)) entries.insert(*entry);
  }
  for (const auto& entry : {query.report_entry, query.reservation_entry, query.execution_entry, query.release_entry}) {
    if (entry) entries.insert(*entry);
  }
  return entries;
}

struct Proofs {
  std::uint64_t size = 0;
  std::optional<std::string> checkpoint;
  std::map<std::uint64_t, codec::JsonArray> of_entry;
};

// All for one size: the one that the checkpoint speaks of.
Proofs ProveAll(const Member& member, const ledger::QueryRecord& query) {
  return member.session->LookWithCheckpoint([&](const ledger::LedgerState& state, const auto& checkpoint) {
    Proofs proofs{.size = state.size(), .checkpoint = checkpoint, .of_entry = {}};
    for (const std::uint64_t entry : EntriesOf(state, query)) {
      codec::JsonArray hashes;
      for (const Digest256& hash : state.log().InclusionProof(entry, state.size())) {
        hashes.emplace_back(codec::HexEncode(hash));
      }
      proofs.of_entry.emplace(entry, std::move(hashes));
    }
    return proofs;
  });
}

Result<net::Response> Show(const Api& api, const net::Request& request) {
  CLOISTER_ASSIGN(const QueryAccess access, RequireQuery(api, request, request.Param("id")));
  const Proofs proofs = ProveAll(access.member, access.query);
  if (!proofs.checkpoint) return FailedPrecondition("the environment has no ledger yet");
  codec::JsonArray entries;
  for (const auto& [index, proof] : proofs.of_entry) {
    CLOISTER_ASSIGN(const auto texts, api.store.ledgers.Read(access.member.record.id, index, 1));
    if (texts.empty()) return Error{Code::kDataLoss, "a ledger entry is missing"};
    entries.push_back({{"index", index}, {"entry", texts.front()}, {"proof", proof}});
  }
  CLOISTER_ASSIGN(const auto result, api.store.queries.ResultOf(access.label.id));
  codec::JsonObject pack{{"kind", "cloister-evidence-pack"},
                         {"environment", access.member.record.id.str()},
                         {"query", access.label.id.str()},
                         {"query_digest", codec::HexEncode(access.query.digest)},
                         {"document", access.query.document},
                         {"report", access.query.report_document},
                         {"receipt", nullptr},
                         {"result_digest", nullptr},
                         {"checkpoint", *proofs.checkpoint},
                         {"size", proofs.size},
                         {"entries", std::move(entries)},
                         {"created_at", FormatRfc3339(api.clock.Now())}};
  if (result) {
    pack["receipt"] = result->receipt;
    pack["result_digest"] = codec::HexEncode(result->digest);
  }
  net::Response response = JsonResponse(200, std::move(pack));
  response.headers.emplace_back("content-disposition",
                                "attachment; filename=\"" + access.label.id.str() + ".evidence.json\"");
  return response;
}

}  // namespace

void AddEvidencePackRoutes(net::Router& router, const Api& api) {
  router.Add("GET", "/api/tee/queries/{id}/evidence-pack",
             [&api](const net::Request& request) { return Show(api, request); });
}

}  // namespace cloister::control
