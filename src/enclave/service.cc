#include "enclave/service.h"

#include <map>

#include "codec/text.h"

namespace cloister::enclave {
namespace {

using net::ChannelAnswer;
using net::ChannelRequest;

codec::Json EncodeSandbox(const tee::SandboxStatus& sandbox) {
  codec::JsonObject json;
  json["seccomp"] = true;  // EnterSandbox knows no success without it
  json["landlock_abi"] = sandbox.landlock_abi;
  json["namespaces"] = codec::JsonArray(sandbox.namespaces.begin(), sandbox.namespaces.end());
  json["namespaces_not_allowed"] =
      codec::JsonArray(sandbox.namespaces_not_allowed.begin(), sandbox.namespaces_not_allowed.end());
  return json;
}

Result<LaunchRequest> DecodeLaunch(const ChannelRequest& request) {
  codec::ObjectReader in(request.params, "launch");
  const std::string environment = in.String("environment");
  const codec::Json* charter = in.OptionalAny("charter");
  const std::int64_t entries = in.Integer("entries", 0, static_cast<std::int64_t>(agreement::kLedgerSizeMax));
  const std::optional<std::string> seal = in.OptionalString("seal");
  std::optional<std::string> sealer = in.OptionalString("sealer");
  const auto threads = static_cast<int>(in.Integer("threads", 1, engine::kThreadsMax));
  CLOISTER_TRY(in.Finish());
  CLOISTER_ASSIGN(EnvironmentId id, EnvironmentId::Parse(environment));
  LaunchRequest launch{.environment = std::move(id),
                       .entries = static_cast<std::uint64_t>(entries),
                       .recovery_blob = request.body,
                       .threads = threads};
  if (charter != nullptr && entries == 0) {
    CLOISTER_ASSIGN(launch.charter, agreement::DecodeCharter(*charter));
  }
  if (seal) {
    CLOISTER_ASSIGN(launch.seal, codec::HexDecodeDigest(*seal));
  }
  if (sealer) {
    auto identity = sealing::AgeIdentity::Parse(*sealer);
    Wipe(*sealer);
    CLOISTER_ASSIGN(launch.sealer, std::move(identity));
  }
  return launch;
}

Result<std::string> OnlyString(const ChannelRequest& request, const char* name) {
  codec::ObjectReader in(request.params, request.method);
  std::string text = in.String(name, crypto::kJwsBytesMax);
  CLOISTER_TRY(in.Finish());
  return text;
}

}  // namespace

Result<ChannelAnswer> Service::Handle(const ChannelRequest& request) {
  using Method = Result<ChannelAnswer> (Service::*)(const ChannelRequest&);
  static const std::map<std::string_view, Method> kMethods = {
      {"launch", &Service::Launch}, {"evidence", &Service::Evidence}, {"propose", &Service::Propose},
      {"link", &Service::Link},     {"load", &Service::Load},         {"execute", &Service::Execute},
      {"cancel", &Service::Cancel}, {"status", &Service::State},      {"stop", &Service::Stop}};
  const auto method = kMethods.find(request.method);
  if (method == kMethods.end()) return InvalidArgument("the enclave has no such method");
  Result<ChannelAnswer> answer = (this->*method->second)(request);
  if (enclave_.is_broken()) stop_();  // whoever asks on would wait for an enclave that can only say no
  return answer;
}

Result<ChannelAnswer> Service::Launch(const ChannelRequest& request) {
  CLOISTER_ASSIGN(LaunchRequest launch, DecodeLaunch(request));
  CLOISTER_ASSIGN(LaunchAnswer launched, enclave_.Launch(std::move(launch)));
  ChannelAnswer answer;
  answer.head["origin"] = attestation::OriginName(launched.origin);
  answer.head["boot_entry"] = launched.boot_entry;
  answer.head["keys"] = attestation::EncodeBootKeys(launched.keys);
  answer.head["checkpoint"] = launched.checkpoint;
  answer.head["sandbox"] = EncodeSandbox(sandbox_);
  answer.body = std::move(launched.recovery_blob);
  return answer;
}

Result<ChannelAnswer> Service::Evidence(const ChannelRequest& request) {
  codec::ObjectReader in(request.params, "evidence");
  const Bytes nonce = in.Base64Url("nonce", sizeof(attestation::Nonce));
  const bool names_charter = in.Has("charter");
  const Digest256 charter = names_charter ? in.HexDigest("charter") : Digest256{};
  CLOISTER_TRY(in.Finish());
  CLOISTER_ASSIGN(const attestation::EnclaveAnswer evidence,
                  enclave_.Evidence(ToArray<32>(nonce), names_charter ? std::optional(charter) : std::nullopt));
  return ChannelAnswer{.head = attestation::EncodeEnclaveAnswer(evidence).as_object()};
}

Result<ChannelAnswer> Service::Propose(const ChannelRequest& request) {
  codec::ObjectReader in(request.params, "propose");
  const codec::Json& json = in.Any("charter");
  CLOISTER_TRY(in.Finish());
  CLOISTER_ASSIGN(const agreement::Charter charter, agreement::DecodeCharter(json));
  CLOISTER_ASSIGN(const Written written, enclave_.Propose(charter));
  return ChannelAnswer{.head = {{"entry", written.first_entry}, {"checkpoint", written.checkpoint}}};
}

Result<ChannelAnswer> Service::Link(const ChannelRequest& request) {
  CLOISTER_ASSIGN(const std::string document, OnlyString(request, "document"));
  CLOISTER_ASSIGN(const LinkAnswer link, enclave_.SubmitLink(document));
  ChannelAnswer answer{.head = {{"entry", link.entry}, {"checkpoint", link.checkpoint}}};
  if (link.refused) answer.head["refused"] = ledger::EncodeRefusal(*link.refused);
  return answer;
}

Result<ChannelAnswer> Service::Load(const ChannelRequest& request) {
  CLOISTER_ASSIGN(const std::string text, OnlyString(request, "dataset"));
  CLOISTER_ASSIGN(const DatasetId dataset, DatasetId::Parse(text));
  CLOISTER_TRY(enclave_.Load(dataset));
  return ChannelAnswer{};
}

Result<ChannelAnswer> Service::Execute(const ChannelRequest& request) {
  CLOISTER_ASSIGN(const std::string text, OnlyString(request, "query"));
  CLOISTER_ASSIGN(const QueryId query, QueryId::Parse(text));
  CLOISTER_ASSIGN(const ExecutionAnswer executed, enclave_.Execute(query));
  ChannelAnswer answer;
  answer.head["outcome"] = ledger::OutcomeName(executed.outcome);
  answer.head["code"] = executed.code;
  answer.head["checkpoint"] = executed.checkpoint;
  if (executed.outcome == ledger::Outcome::kReleased) {
    answer.head["receipt"] = executed.receipt;
    answer.head["release_entry"] = executed.release_entry;
  }
  return answer;
}

Result<ChannelAnswer> Service::Cancel(const ChannelRequest& request) {
  CLOISTER_ASSIGN(const std::string text, OnlyString(request, "query"));
  CLOISTER_ASSIGN(const QueryId query, QueryId::Parse(text));
  CLOISTER_TRY(enclave_.Cancel(query));
  return ChannelAnswer{};
}

Result<ChannelAnswer> Service::State(const ChannelRequest& request) {
  codec::ObjectReader in(request.params, "status");
  CLOISTER_TRY(in.Finish());
  return ChannelAnswer{.head = {{"sandbox", EncodeSandbox(sandbox_)}}};
}

Result<ChannelAnswer> Service::Stop(const ChannelRequest& request) {
  codec::ObjectReader in(request.params, "stop");
  CLOISTER_TRY(in.Finish());
  stop_();
  return ChannelAnswer{};
}

}  // namespace cloister::enclave
