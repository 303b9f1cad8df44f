#include "control/rest/query_names.h"

#include <algorithm>
#include <set>

#include "codec/ascii.h"

namespace cloister::control {

namespace {

std::optional<DatasetId> IdIn(const std::string& word) {
  if (const auto id = DatasetId::Parse(word)) return *id;
  return agreement::DatasetIdIn(word);
}

}  // namespace

Result<std::vector<InForce>> ManifestsMeant(const ledger::LedgerState& state, const std::vector<std::string>& meant) {
  std::set<std::string> missing(meant.begin(), meant.end());
  std::vector<InForce> found;
  for (const auto& [id, record] : state.datasets()) {
    const auto* manifest = state.ManifestInForce(id);
    if (manifest == nullptr) continue;
    // A word that says an id is none for what somebody calls his own.
    const auto named = std::erase_if(missing, [&](const std::string& word) {
      if (const auto said = IdIn(word)) return *said == id;
      return word == manifest->manifest.name || agreement::IsTitleOf(word, manifest->manifest.name);
    });
    if (named > 0 || meant.empty()) found.push_back({id, record.owner, manifest});
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
