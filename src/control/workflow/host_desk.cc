#include "control/workflow/host_desk.h"

#include <utility>

#include "agreement/enclave_documents.h"
#include "codec/text.h"
#include "crypto/jws.h"
#include "ledger/checkpoint.h"
#include "ledger/entry.h"
#include "net/frame/frame.h"

namespace cloister::control {
namespace {

constexpr auto kSizeMax = static_cast<std::int64_t>(agreement::kLedgerSizeMax);
constexpr auto kObjectMax = static_cast<std::int64_t>(agreement::kSealedObjectBytesMax);
constexpr std::size_t kAppendEntriesMax = 64;
constexpr std::size_t kReadAnswerBytes = 768 << 10;

Result<ledger::Handover> DecodeHandover(const codec::Json& json) {
  codec::ObjectReader in(json, "append.handover");
  const std::string query = in.String("query");
  std::string receipt = in.String("receipt", crypto::kJwsBytesMax);
  std::string format = in.String("format", agreement::kResultFormatBytesMax);
  CLOISTER_TRY(in.Finish());
  CLOISTER_ASSIGN(QueryId id, QueryId::Parse(query));
  return ledger::Handover{.query = std::move(id), .receipt = std::move(receipt), .format = std::move(format)};
}

Result<ledger::LogAppend> DecodeAppend(const net::ChannelRequest& request) {
  codec::ObjectReader in(request.params, "append");
  ledger::LogAppend append;
  append.size_before = static_cast<std::uint64_t>(in.Integer("size", 0, kSizeMax));
  append.entries = in.Strings("entries", kAppendEntriesMax);
  append.checkpoint = in.String("checkpoint", ledger::kCheckpointBytesMax);
  append.seal = in.HexDigest("seal");
  const codec::Json* handover = in.OptionalAny("handover");
  CLOISTER_TRY(in.Finish());
  if (append.entries.empty()) return InvalidArgument("an append needs at least one entry");
  if (handover != nullptr) {
    CLOISTER_ASSIGN(append.handover, DecodeHandover(*handover));
  }
  return append;
}

}  // namespace

std::string ResultBlobName(const QueryId& query) { return "result_" + query.str(); }

Result<net::ChannelAnswer> HostDesk::Handle(const net::ChannelRequest& request) {
  if (request.method == "append") return Append(request);
  if (request.method == "read_entries") return ReadEntries(request);
  if (request.method == "read_object") return ReadObject(request);
  if (request.method == "put_result") return PutResult(request);
  return InvalidArgument("the host has no such method");
}

Result<net::ChannelAnswer> HostDesk::Append(const net::ChannelRequest& request) {
  CLOISTER_ASSIGN(const ledger::LogAppend append, DecodeAppend(request));
  std::optional<ResultRecord> result;
  if (append.handover) {
    CLOISTER_ASSIGN(result, KeepBytes(append));
  }
  CLOISTER_TRY(parts_.store.ledgers.Append(parts_.environment, append, result));
  parts_.appended(append);
  return net::ChannelAnswer{};
}

Result<ResultRecord> HostDesk::KeepBytes(const ledger::LogAppend& append) {
  std::optional<Receiving> received;
  {
    MutexLock lock(mutex_);
    received = std::exchange(receiving_, std::nullopt);
  }
  const ledger::Handover& handover = *append.handover;
  CLOISTER_ASSIGN(const ledger::Entry entry, ledger::DecodeEntry(append.entries.front()));
  CLOISTER_ASSIGN(const Digest256 receipt, crypto::JwsDigest(handover.receipt));
  const auto* release = entry.As<ledger::ReleaseEntry>();
  const Digest256 digest = received ? received->digest.Finish() : Digest256{};
  const bool fits = received && received->query == handover.query && release != nullptr && append.entries.size() == 1 &&
                    release->receipt == receipt && release->result == digest;
  if (!fits) return Error{Code::kDataLoss, "the result's bytes are not the ones that the release names"};
  const std::string blob = ResultBlobName(handover.query);
  CLOISTER_TRY(parts_.blobs.Publish(blob, received->size_bytes));
  return ResultRecord{.id = received->result,
                      .query = handover.query,
                      .blob = blob,
                      .size_bytes = received->size_bytes,
                      .digest = digest,
                      .format = handover.format,
                      .receipt = handover.receipt,
                      .release_entry = append.size_before,
                      .created_at = entry.time};
}

Result<net::ChannelAnswer> HostDesk::ReadEntries(const net::ChannelRequest& request) {
  codec::ObjectReader in(request.params, "read_entries");
  const auto from = static_cast<std::uint64_t>(in.Integer("from", 0, kSizeMax));
  const auto count = static_cast<std::uint64_t>(in.Integer("count", 0, ledger::kReadEntriesMax));
  CLOISTER_TRY(in.Finish());
  CLOISTER_ASSIGN(const auto entries, parts_.store.ledgers.Read(parts_.environment, from, count));
  // One answer is one frame, and quoting makes an entry longer: as many as surely fit, at least one.
  codec::JsonArray fitting;
  std::size_t bytes = 0;
  for (const std::string& entry : entries) {
    bytes += entry.size();
    if (!fitting.empty() && bytes > kReadAnswerBytes) break;
    fitting.emplace_back(entry);
  }
  return net::ChannelAnswer{.head = {{"entries", std::move(fitting)}}};
}

Result<net::ChannelAnswer> HostDesk::ReadObject(const net::ChannelRequest& request) {
  codec::ObjectReader in(request.params, "read_object");
  const std::string dataset_text = in.String("dataset");
  const codec::Json& object_json = in.Any("object");
  const auto offset = static_cast<std::uint64_t>(in.Integer("offset", 0, kObjectMax));
  const auto length = static_cast<std::size_t>(in.Integer("length", 0, net::kFrameBodyBytesMax));
  CLOISTER_TRY(in.Finish());
  CLOISTER_ASSIGN(const DatasetId id, DatasetId::Parse(dataset_text));
  CLOISTER_ASSIGN(const auto object, agreement::DecodeObjectRef(object_json, "object"));
  CLOISTER_ASSIGN(const auto dataset, parts_.store.datasets.Find(id));
  if (!dataset || dataset->environment != parts_.environment) return NotFound("no such object is stored");
  CLOISTER_ASSIGN(const auto upload, parts_.store.datasets.FindObject(id, object));
  if (!upload) return NotFound("no such object is stored");
  CLOISTER_ASSIGN(Bytes body, parts_.blobs.Read(upload->str(), offset, length));
  return net::ChannelAnswer{.body = std::move(body)};
}

Status HostDesk::ExpectResult(const QueryId& query, const ResultId& result) {
  CLOISTER_TRY(parts_.blobs.DiscardDraft(ResultBlobName(query)));
  MutexLock lock(mutex_);
  receiving_.emplace(Receiving{.query = query, .result = result, .digest = {}});
  return {};
}

void HostDesk::StopExpecting() {
  std::optional<Receiving> left;
  {
    MutexLock lock(mutex_);
    left = std::exchange(receiving_, std::nullopt);
  }
  if (left) (void)parts_.blobs.DiscardDraft(ResultBlobName(left->query));
}

Result<net::ChannelAnswer> HostDesk::PutResult(const net::ChannelRequest& request) {
  codec::ObjectReader in(request.params, "put_result");
  const std::string query = in.String("query");
  const auto offset = static_cast<std::uint64_t>(in.Integer("offset", 0, kResultBytesMax));
  CLOISTER_TRY(in.Finish());
  MutexLock lock(mutex_);
  if (!receiving_ || receiving_->query.str() != query) return FailedPrecondition("no result of that query is expected");
  if (offset != receiving_->size_bytes) return InvalidArgument("result bytes come in order");
  if (request.body.size() > kResultBytesMax - offset) return ResourceExhausted("the result is too large for the host");
  CLOISTER_TRY(parts_.blobs.WriteDraft(ResultBlobName(receiving_->query), offset, request.body));
  receiving_->digest.Update(request.body);
  receiving_->size_bytes += request.body.size();
  return net::ChannelAnswer{};
}

}  // namespace cloister::control
