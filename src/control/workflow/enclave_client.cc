#include "control/workflow/enclave_client.h"

#include "agreement/link.h"
#include "codec/text.h"
#include "ledger/checkpoint.h"

namespace cloister::control {
namespace {

constexpr std::int64_t kLaunchTimeoutMs = 120'000;   // replays the ledger
constexpr std::int64_t kCallTimeoutMs = 60'000;      // compiles a query at most
constexpr std::int64_t kLoadTimeoutMs = 3'600'000;   // as long as the largest file takes
constexpr std::int64_t kPromptTimeoutMs = 5'000;
constexpr auto kIndexMax = static_cast<std::int64_t>(agreement::kLedgerSizeMax);

Result<RecordedLink> DecodeRecorded(net::ChannelAnswer answer, const char* method) {
  const codec::Json head(std::move(answer.head));
  codec::ObjectReader in(head, method);
  RecordedLink recorded;
  recorded.entry = static_cast<std::uint64_t>(in.Integer("entry", 0, kIndexMax));
  recorded.checkpoint = in.String("checkpoint", ledger::kCheckpointBytesMax);
  if (const codec::Json* refused = in.OptionalAny("refused")) recorded.refused = *refused;
  CLOISTER_TRY(in.Finish());
  return recorded;
}

}  // namespace

Result<Launched> EnclaveClient::Launch(LaunchCall call) {
  net::OutgoingCall out{.method = "launch", .body = std::move(call.recovery_blob), .timeout_ms = kLaunchTimeoutMs};
  out.params["environment"] = call.environment.str();
  if (call.charter != nullptr) out.params["charter"] = agreement::EncodeCharter(*call.charter);
  out.params["entries"] = call.entries;
  if (call.seal) out.params["seal"] = codec::HexEncode(*call.seal);
  if (call.sealer != nullptr) out.params["sealer"] = AsText(call.sealer->view());
  out.params["threads"] = call.threads;
  CLOISTER_ASSIGN(net::ChannelAnswer answer, channel_.Call(std::move(out)));
  const codec::Json head(std::move(answer.head));
  codec::ObjectReader in(head, "launch");
  (void)in.String("origin");
  (void)in.Any("keys");
  (void)in.String("checkpoint", ledger::kCheckpointBytesMax);
  Launched launched{.boot_entry = static_cast<std::uint64_t>(in.Integer("boot_entry", 0, kIndexMax)),
                    .sandbox = in.Any("sandbox"),
                    .recovery_blob = std::move(answer.body)};
  CLOISTER_TRY(in.Finish());
  return launched;
}

Result<codec::Json> EnclaveClient::Evidence(const attestation::Nonce& nonce, const std::optional<Digest256>& charter) {
  net::OutgoingCall out{.method = "evidence", .timeout_ms = kCallTimeoutMs};
  out.params["nonce"] = codec::Base64UrlEncode(nonce);
  if (charter) out.params["charter"] = codec::HexEncode(*charter);
  CLOISTER_ASSIGN(net::ChannelAnswer answer, channel_.Call(std::move(out)));
  return codec::Json(std::move(answer.head));
}

Result<RecordedLink> EnclaveClient::Propose(const agreement::Charter& charter) {
  CLOISTER_ASSIGN(net::ChannelAnswer answer, channel_.Call({.method = "propose",
                                                            .params = {{"charter", agreement::EncodeCharter(charter)}},
                                                            .timeout_ms = kCallTimeoutMs}));
  return DecodeRecorded(std::move(answer), "propose");
}

Result<RecordedLink> EnclaveClient::Link(std::string_view document) {
  CLOISTER_ASSIGN(net::ChannelAnswer answer,
                  channel_.Call({.method = "link", .params = {{"document", document}}, .timeout_ms = kCallTimeoutMs}));
  return DecodeRecorded(std::move(answer), "link");
}

Status EnclaveClient::Load(const DatasetId& dataset) {
  CLOISTER_TRY(channel_.Call({.method = "load", .params = {{"dataset", dataset.str()}}, .timeout_ms = kLoadTimeoutMs}));
  return {};
}

Result<Executed> EnclaveClient::Execute(const QueryId& query, std::int64_t timeout_ms) {
  CLOISTER_ASSIGN(
      net::ChannelAnswer answer,
      channel_.Call({.method = "execute", .params = {{"query", query.str()}}, .timeout_ms = timeout_ms}));
  const codec::Json head(std::move(answer.head));
  codec::ObjectReader in(head, "execute");
  Executed executed{.outcome = in.String("outcome"), .code = in.String("code")};
  (void)in.String("checkpoint", ledger::kCheckpointBytesMax);
  executed.receipt = in.OptionalString("receipt", crypto::kJwsBytesMax).value_or("");
  executed.release_entry = static_cast<std::uint64_t>(in.OptionalInteger("release_entry", 0, kIndexMax).value_or(0));
  CLOISTER_TRY(in.Finish());
  return executed;
}

Status EnclaveClient::Cancel(const QueryId& query) {
  CLOISTER_TRY(channel_.Call({.method = "cancel", .params = {{"query", query.str()}}, .timeout_ms = kCallTimeoutMs}));
  return {};
}

Status EnclaveClient::Stop() {
  CLOISTER_TRY(channel_.Call({.method = "stop", .timeout_ms = kPromptTimeoutMs}));
  return {};
}

}  // namespace cloister::control
