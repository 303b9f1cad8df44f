#include "control/rest/query_names.h"

#include <algorithm>
#include <set>

#include "codec/ascii.h"

namespace cloister::control {

Result<std::vector<InForce>> ManifestsMeant(const ledger::LedgerState& state, const std::vector<std::string>& meant) {
  std::set<std::string> missing(meant.begin(), meant.end());
  std::vector<InForce> found;
  for (const auto& [id, record] : state.datasets()) {
    const auto* manifest = state.ManifestInForce(id);
    if (manifest == nullptr) continue;
    const bool named =
        missing.erase(id.str()) + missing.erase(manifest->manifest.name) + missing.erase("dataset_" + id.str()) > 0;
    if (named || meant.empty()) found.push_back({id, record.owner, manifest});
  }
  if (!missing.empty()) {
    return NotFound("'accesses_datasets': " + *missing.begin() + " is no dataset with a manifest in force here");
  }
  return found;
}

void KeepNameable(std::vector<InForce>& all, std::string_view text) {
  if (all.size() <= agreement::kQueryDatasetsMax) return;
  const std::string words = codec::LowerCase(text);
  std::ranges::stable_partition(all, [&](const InForce& each) {
    return words.find(codec::LowerCase(each.manifest->manifest.name)) != std::string::npos ||
           words.find(each.dataset.str()) != std::string::npos;
  });
  all.erase(all.begin() + agreement::kQueryDatasetsMax, all.end());
  std::ranges::sort(all, {}, &InForce::dataset);
}

Status TakeTitles(const Api& api, const Member& member, QueryBody& body) {
  if (body.datasets.empty()) return {};
  CLOISTER_ASSIGN(const auto records, api.store.datasets.InEnvironment(member.record.id));
  for (std::string& each : body.datasets) {
    if (each.starts_with("dataset_")) continue;  // says an id, whatever somebody called his own
    const auto meant = std::ranges::find(records, each, [](const auto& record) { return record.title.value_or(""); });
    if (meant != records.end() && !each.empty()) each = meant->id.str();
  }
  return {};
}

Result<std::vector<agreement::Thumbprint>> RecipientsMeant(const agreement::Charter& charter,
                                                           const std::vector<std::string>& meant) {
  std::set<agreement::Thumbprint> recipients;
  for (const auto& participant : charter.participants) {
    if (meant.empty()) recipients.insert(participant.thumbprint);
  }
  for (const std::string& each : meant) {
    const auto* participant = charter.Find(each);
    if (participant == nullptr) participant = charter.FindByEmail(codec::LowerCase(each));
    if (participant == nullptr) return NotFound("'recipients': " + each + " is no participant");
    recipients.insert(participant->thumbprint);
  }
  return std::vector<agreement::Thumbprint>(recipients.begin(), recipients.end());
}

}  // namespace cloister::control
