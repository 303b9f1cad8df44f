#include "cli/environment_home.h"

#include <cstdio>

#include "codec/text.h"

namespace cloister::cli {
namespace {

constexpr std::size_t kStateFileBytesMax = 8 << 20;

// The JSON of a state file, absent if there is none.
Result<std::optional<codec::Json>> LoadState(const std::filesystem::path& path) {
  Result<std::string> text = ReadFile(path, kStateFileBytesMax);
  if (!text && text.error().code == Code::kNotFound) return std::optional<codec::Json>();
  if (!text) return std::move(text).error();
  Result<codec::Json> json = codec::ParseJson(*text, {.bytes_max = kStateFileBytesMax});
  if (!json) return Error{Code::kDataLoss, path.string() + " is damaged: " + json.error().public_message};
  return std::optional<codec::Json>(std::move(json).value());
}

Status SaveState(const std::filesystem::path& path, const codec::Json& json) {
  CLOISTER_TRY(MakePrivateFolder(path.parent_path()));
  return WriteDurably(path, codec::CanonicalJson(json) + "\n", FileAccess::kOwnerOnly);
}

std::string LinkFileName(std::uint64_t seq) {
  char name[32];
  std::snprintf(name, sizeof name, "%08llu.jws", static_cast<unsigned long long>(seq));
  return name;
}

codec::JsonObject EncodeChain(const agreement::ChainState& chain) {
  codec::JsonObject json{{"seq", static_cast<std::int64_t>(chain.seq)}, {"digest", nullptr}};
  if (chain.digest) json["digest"] = codec::HexEncode(*chain.digest);
  return json;
}

Status StoreLink(const std::filesystem::path& folder, const std::string& name, std::string_view link) {
  CLOISTER_TRY(MakePrivateFolder(folder));
  return WriteDurably(folder / name, link, FileAccess::kOwnerOnly);
}

}  // namespace

Result<FolderLock> EnvironmentHome::Lock() {
  CLOISTER_TRY(MakePrivateFolder(folder_));
  return FolderLock::Take(folder_);
}

Result<FolderLock> EnvironmentHome::LockView() {
  CLOISTER_TRY(MakePrivateFolder(folder_));
  return FolderLock::Take(folder_, "view.lock");
}

Result<std::optional<ledger::LedgerView>> EnvironmentHome::LoadView() const {
  CLOISTER_ASSIGN(const auto json, LoadState(folder_ / "view.json"));
  if (!json) return std::optional<ledger::LedgerView>();
  CLOISTER_ASSIGN(ledger::LedgerView view, ledger::DecodeView(*json));
  return std::optional<ledger::LedgerView>(std::move(view));
}

Status EnvironmentHome::SaveView(const ledger::LedgerView& view) {
  return SaveState(folder_ / "view.json", ledger::EncodeView(view));
}

Result<std::filesystem::path> EnvironmentHome::SaveFork(const ledger::ForkProof& fork, Instant now) {
  std::string name = FormatRfc3339(now) + ".json";
  std::erase(name, ':');
  const std::filesystem::path path = folder_ / "forks" / name;
  CLOISTER_TRY(SaveState(path, ledger::EncodeFork(fork)));
  return path;
}

std::optional<std::filesystem::path> EnvironmentHome::KeptFork() const {
  std::error_code none;  // a folder that is not there holds nothing
  for (const auto& file : std::filesystem::directory_iterator(folder_ / "forks", none)) {
    if (file.path().extension() == ".json") return file.path();
  }
  return std::nullopt;
}

Result<std::map<Digest256, Digest256>> EnvironmentHome::LoadAcceptances() const {
  CLOISTER_ASSIGN(const auto json, LoadState(folder_ / "accepted.json"));
  std::map<Digest256, Digest256> accepted;
  if (!json) return accepted;
  codec::ObjectReader in(*json, "accepted");
  const codec::JsonObject charters = in.Object("charters");
  CLOISTER_TRY(in.Finish());
  for (const auto& member : charters) {
    if (!member.value().is_string()) return InvalidArgument("accepted.charters must hold digests");
    CLOISTER_ASSIGN(const Digest256 charter, codec::HexDecodeDigest(std::string_view(member.key())));
    CLOISTER_ASSIGN(accepted[charter], codec::HexDecodeDigest(std::string_view(member.value().get_string())));
  }
  return accepted;
}

Result<std::set<Digest256>> EnvironmentHome::LoadAccepted() const {
  CLOISTER_ASSIGN(const auto acceptances, LoadAcceptances());
  std::set<Digest256> accepted;
  for (const auto& [charter, recipients] : acceptances) accepted.insert(charter);
  return accepted;
}

Result<std::optional<Digest256>> EnvironmentHome::AcceptedRecipients(const Digest256& charter) const {
  CLOISTER_ASSIGN(const auto acceptances, LoadAcceptances());
  const auto found = acceptances.find(charter);
  return found == acceptances.end() ? std::optional<Digest256>() : std::optional(found->second);
}

Status EnvironmentHome::AddAccepted(const Digest256& charter, const Digest256& recipient_commitment) {
  CLOISTER_ASSIGN(auto acceptances, LoadAcceptances());
  acceptances[charter] = recipient_commitment;
  codec::JsonObject charters;
  for (const auto& [digest, recipients] : acceptances) {
    charters[codec::HexEncode(digest)] = codec::HexEncode(recipients);
  }
  return SaveState(folder_ / "accepted.json", codec::JsonObject{{"charters", std::move(charters)}});
}

Result<agreement::ChainState> EnvironmentHome::LoadChain() const {
  CLOISTER_ASSIGN(const auto json, LoadState(folder_ / "chain.json"));
  if (!json) return agreement::ChainState();
  codec::ObjectReader in(*json, "chain");
  agreement::ChainState chain;
  chain.seq = static_cast<std::uint64_t>(in.Integer("seq", 0, agreement::kLinkSeqMax));
  if (chain.seq > 0) {
    chain.digest = in.HexDigest("digest");
  } else {
    (void)in.Any("digest");
  }
  CLOISTER_TRY(in.Finish());
  return chain;
}

Result<std::optional<OutboxItem>> EnvironmentHome::LoadOutbox() const {
  CLOISTER_ASSIGN(const auto json, LoadState(folder_ / "outbox.json"));
  if (!json) return std::optional<OutboxItem>();
  codec::ObjectReader in(*json, "outbox");
  OutboxItem item;
  item.link = in.String("link", crypto::kJwsBytesMax);
  item.seq = static_cast<std::uint64_t>(in.Integer("seq", 1, agreement::kLinkSeqMax));
  item.digest = in.HexDigest("digest");
  item.target = in.String("target");
  item.request = in.Object("request");
  CLOISTER_TRY(in.Finish());
  return std::optional<OutboxItem>(std::move(item));
}

Status EnvironmentHome::SaveOutbox(const OutboxItem& item) {
  return SaveState(folder_ / "outbox.json", codec::JsonObject{{"link", item.link},
                                                              {"seq", static_cast<std::int64_t>(item.seq)},
                                                              {"digest", codec::HexEncode(item.digest)},
                                                              {"target", item.target},
                                                              {"request", item.request}});
}

Status EnvironmentHome::CommitOutbox(const OutboxItem& item) {
  CLOISTER_TRY(StoreLink(folder_ / "links", LinkFileName(item.seq), item.link));
  CLOISTER_TRY(SaveState(folder_ / "chain.json", EncodeChain({.seq = item.seq, .digest = item.digest})));
  return RemoveDurably(folder_ / "outbox.json");
}

Status EnvironmentHome::DiscardOutbox(const OutboxItem& item) {
  const std::string name = LinkFileName(item.seq) + ".unrecorded-" + codec::HexEncode(item.digest).substr(0, 8);
  CLOISTER_TRY(StoreLink(folder_ / "links", name, item.link));
  return RemoveDurably(folder_ / "outbox.json");
}

Status EnvironmentHome::AdoptLink(const agreement::SignedLink& link) {
  CLOISTER_TRY(StoreLink(folder_ / "links", LinkFileName(link.header().seq), link.compact()));
  return SaveState(folder_ / "chain.json", EncodeChain(agreement::Extended(link)));
}

}  // namespace cloister::cli
