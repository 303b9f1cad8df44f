// Loading: a sealed object, as its owner's manifest commits to it, becomes a table.

#include <algorithm>

#include "enclave/enclave.h"
#include "engine/load.h"
#include "sealing/open_reader.h"

namespace cloister::enclave {
namespace {

constexpr std::size_t kReadBytes = 1 << 20;

// The stored ciphertext, range by range.
class StoredObject final : public ByteSource {
 public:
  StoredObject(Host& host, std::string dataset, const sealing::SealedObjectRef& ref)
      : host_(host), dataset_(std::move(dataset)), ref_(ref) {}

  Result<std::size_t> Read(std::span<std::uint8_t> into) override {
    if (rest_.empty() && offset_ < ref_.length_bytes) CLOISTER_TRY(Fetch());
    const std::size_t count = std::min(into.size(), rest_.size());
    if (count != 0) std::memcpy(into.data(), rest_.data(), count);
    rest_ = rest_.subspan(count);
    return count;
  }

 private:
  Status Fetch() {
    const auto want = static_cast<std::size_t>(std::min<std::uint64_t>(kReadBytes, ref_.length_bytes - offset_));
    CLOISTER_ASSIGN(piece_,
                    host_.ReadObject({.dataset = dataset_, .object = ref_, .offset = offset_, .length = want}));
    if (piece_.size() != want) return Error{Code::kDataLoss, "the stored object is shorter than its manifest says"};
    offset_ += want;
    rest_ = piece_;
    return {};
  }

  Host& host_;
  std::string dataset_;
  sealing::SealedObjectRef ref_;
  std::uint64_t offset_ = 0;
  Bytes piece_;
  ByteView rest_;
};

// Plaintext for the engine. The end is only the end if the whole object was the one of the manifest: otherwise the load
// fails at its last byte, and the engine keeps nothing.
class VerifiedPlaintext final : public ByteSource {
 public:
  explicit VerifiedPlaintext(sealing::OpenReader reader) : reader_(std::move(reader)) {}

  Result<std::size_t> Read(std::span<std::uint8_t> into) override {
    if (rest_.empty() && !ended_) CLOISTER_TRY(Next());
    const std::size_t count = std::min(into.size(), rest_.size());
    if (count != 0) std::memcpy(into.data(), rest_.data(), count);
    rest_ = rest_.subspan(count);
    return count;
  }
  bool verified() const { return ended_; }

 private:
  Status Next() {
    CLOISTER_ASSIGN(rest_, reader_.NextProvisional());
    if (!rest_.empty()) return {};
    CLOISTER_TRY(std::move(reader_).Finish());
    ended_ = true;
    return {};
  }

  sealing::OpenReader reader_;
  ByteView rest_;
  bool ended_ = false;
};

// What is wrong with the ciphertext the host may know: it has it. What is wrong with the rows is its owner's: which
// line does not fit, or that they need more memory than there is, says something about them.
Error ForTheHost(const Error& error) {
  switch (error.code) {
    case Code::kVerificationFailed:
    case Code::kPermissionDenied:
    case Code::kDataLoss:
    case Code::kUnavailable:
      return error;
    default:
      return Error{Code::kInvalidArgument,
                   "the file cannot be loaded as its manifest describes it; check it where it is readable, with: "
                   "cloister dataset upload",
                   error.public_message};
  }
}

}  // namespace

Status Enclave::Load(const DatasetId& dataset) {
  MutexLock job(job_mutex_);
  return LoadLocked(dataset, std::nullopt);
}

bool Enclave::IsLoaded(const DatasetId& dataset) {
  MutexLock job(job_mutex_);
  return loaded_.contains(dataset);
}

void Enclave::DropVoidTables() {
  engine::Database* database = nullptr;
  std::vector<DatasetId> ended;
  {
    MutexLock lock(mutex_);
    if (!journal_) return;
    const ledger::LedgerState& state = journal_->state();
    for (const auto& [dataset, loaded] : loaded_) {
      const ledger::ManifestRecord* manifest = state.terminated() ? nullptr : state.ManifestInForce(dataset);
      if (manifest == nullptr || manifest->digest != loaded.manifest) ended.push_back(dataset);
    }
    database = database_.get();
  }
  for (const DatasetId& dataset : ended) {
    if (database->Drop(dataset.str())) loaded_.erase(dataset);
  }
}

Status Enclave::LoadLocked(const DatasetId& dataset, const std::optional<Digest256>& meant) {
  std::optional<ledger::ManifestRecord> manifest;
  {
    MutexLock lock(mutex_);
    CLOISTER_TRY(Launched());
    const ledger::ManifestRecord* record = journal_->state().ManifestInForce(dataset);
    if (record == nullptr) return FailedPrecondition("no manifest of this dataset is in force");
    if (meant && record->digest != *meant)
      return FailedPrecondition("the manifest that the query was approved for is no more in force");
    manifest = *record;
  }
  return LoadObject(dataset, *manifest);
}

Status Enclave::LoadObject(const DatasetId& dataset, const ledger::ManifestRecord& manifest) {
  std::optional<sealing::AgeIdentity> identity;
  engine::Database* database = nullptr;
  std::int64_t threads = 1;
  {
    MutexLock lock(mutex_);
    CLOISTER_ASSIGN(identity, identity_->DatasetIdentity(journal_->state().datasets().at(dataset).owner));
    database = database_.get();
    threads = threads_;
  }
  if (const auto it = loaded_.find(dataset); it != loaded_.end()) {
    if (it->second.manifest == manifest.digest) return {};
    CLOISTER_TRY(database->Drop(dataset.str()));
    loaded_.erase(it);
  }
  history_.units.erase(dataset.str());
  const agreement::Manifest& says = manifest.manifest;
  StoredObject stored(host_, dataset.str(), says.object);
  CLOISTER_ASSIGN(sealing::OpenReader reader,
                  sealing::OpenReader::Start(
                      says.object, {.source = stored, .identities = {&*identity, 1}, .threads = threads > 1 ? 2 : 1}));
  VerifiedPlaintext plaintext(std::move(reader));
  CLOISTER_ASSIGN(const engine::FileFormat format, engine::ParseFileFormat(agreement::DataFormatName(says.format)));
  const auto read = engine::LoadTable(*database,
                                      {.dataset = dataset.str(),
                                       .format = format,
                                       .schema = says.schema,
                                       .bytes_expected = static_cast<std::int64_t>(says.object.length_bytes)},
                                      plaintext);
  if (!read) return ForTheHost(read.error());
  if (!plaintext.verified()) {  // an engine that stopped reading early would have loaded what nobody vouches for
    CLOISTER_TRY(database->Drop(dataset.str()));
    return Internal("the engine did not read the object to its end");
  }
  loaded_[dataset] = {.manifest = manifest.digest};
  return {};
}

}  // namespace cloister::enclave
