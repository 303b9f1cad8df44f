#include "enclave/channel_host.h"

#include "codec/text.h"
#include "ledger/entry.h"

namespace cloister::enclave {
namespace {

constexpr std::int64_t kHostTimeoutMs = 60'000;  // a host that is slower than this is as good as gone

}  // namespace

Status ChannelHost::Append(const ledger::LogAppend& append) {
  codec::JsonArray entries;
  for (const std::string& entry : append.entries) entries.emplace_back(entry);
  codec::JsonObject params{{"size", append.size_before},
                           {"entries", std::move(entries)},
                           {"checkpoint", append.checkpoint},
                           {"seal", codec::HexEncode(append.seal)}};
  if (append.handover) {
    params["handover"] = {{"query", append.handover->query.str()},
                          {"receipt", append.handover->receipt},
                          {"format", append.handover->format}};
  }
  CLOISTER_TRY(
      channel_.Call({.method = "append", .params = std::move(params), .timeout_ms = kHostTimeoutMs}));
  return {};
}

Result<std::vector<std::string>> ChannelHost::Read(std::uint64_t from, std::uint64_t count) {
  CLOISTER_ASSIGN(net::ChannelAnswer answer, channel_.Call({.method = "read_entries",
                                                            .params = {{"from", from}, {"count", count}},
                                                            .timeout_ms = kHostTimeoutMs}));
  const codec::Json head(std::move(answer.head));
  codec::ObjectReader in(head, "read_entries");
  std::vector<std::string> entries = in.Strings("entries", ledger::kReadEntriesMax);
  CLOISTER_TRY(in.Finish());
  for (const std::string& entry : entries) {
    if (entry.size() > ledger::kEntryBytesMax) return Error{Code::kDataLoss, "a ledger entry of more than 1 MiB"};
  }
  return entries;
}

Result<Bytes> ChannelHost::ReadObject(const ObjectRange& range) {
  auto answer = channel_.Call({.method = "read_object",
                               .params = {{"dataset", range.dataset},
                                          {"object", agreement::EncodeObjectRef(range.object)},
                                          {"offset", range.offset},
                                          {"length", range.length}},
                               .timeout_ms = kHostTimeoutMs});
  // The code is the host's word: taken as it is, a slow or lying host could end an approved query as "failed" or
  // "cancelled".
  if (!answer) return Unavailable(answer.error().public_message);
  if (answer->body.size() > range.length) return Error{Code::kDataLoss, "the host answered more than it was asked for"};
  return std::move(answer->body);
}

Status ChannelHost::PutResult(const std::string& query_id, std::uint64_t offset, ByteView piece) {
  CLOISTER_TRY(channel_.Call({.method = "put_result",
                              .params = {{"query", query_id}, {"offset", offset}},
                              .body = ToBytes(piece),
                              .timeout_ms = kHostTimeoutMs}));
  return {};
}

}  // namespace cloister::enclave
