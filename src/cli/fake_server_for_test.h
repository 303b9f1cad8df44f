#pragma once

// The server's routes over a FakeEnclave, as far as the client uses them, and a participant at his desk. A test may
// alter any answer on its way, as a hostile server would.

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/context.h"
#include "cli/fake_enclave_for_test.h"
#include "cli/server_json.h"
#include "codec/text.h"
#include "net/client/fake_transport.h"

namespace cloister::cli::for_test {

class FakeServer {
 public:
  explicit FakeServer(const Clock& clock) : clock_(clock) {}

  // Changes an answer before the client gets it.
  std::function<void(const net::HttpRequest& request, net::HttpAnswer& answer)> tamper;
  // Answers in the enclave's place: what was asked is never done.
  std::function<std::optional<net::HttpAnswer>(const net::HttpRequest& request)> intercept;
  std::vector<std::string> log;  // "POST /api/me"
  std::unique_ptr<FakeEnclave> enclave;
  std::uint64_t part_size_bytes = 1000;
  std::string refuse_query_with;  // JSON array of violations that `check` answers

  Result<net::HttpAnswer> Answer(const net::HttpRequest& request) {
    log.push_back(std::string(net::HttpMethodName(request.method)) + " " + request.target);
    const std::optional<net::HttpAnswer> intercepted = intercept ? intercept(request) : std::nullopt;
    net::HttpAnswer answer = intercepted ? *intercepted : Route(request);
    if (tamper) tamper(request, answer);
    if (answer.status == 0) return Unavailable("the connection broke");
    return answer;
  }
  Connect Connector() {
    return [this](const net::ServerAddress&, const std::string&) -> Result<std::unique_ptr<net::HttpTransport>> {
      return std::unique_ptr<net::HttpTransport>(
          std::make_unique<net::FakeTransport>([this](const net::HttpRequest& request) { return Answer(request); }));
    };
  }
  agreement::Charter MakeCharter() const {
    agreement::Charter charter{.environment = kEnvironment,
                               .name = "Study",
                               .approval_rule = {.kind = agreement::ApprovalRule::Kind::kOwners},
                               .cross_owner_joins = true,
                               .appraisal_policy = {.accept = {"simulated"}, .measurements = {MeasurementForTest()}},
                               .recovery = agreement::Recovery::kOperator};
    for (const auto& [email, user] : users_) {
      if (user.participant) charter.participants.push_back(*user.participant);
    }
    std::ranges::sort(charter.participants, {}, &agreement::Participant::thumbprint);
    return charter;
  }
  // The opened content of a dataset that was uploaded and manifested.
  std::string OpenedDataset(const std::string& name) const {
    for (const auto& [id, dataset] : datasets_) {
      if (dataset.name == name) return dataset.content;
    }
    return "no such dataset";
  }

  static inline const EnvironmentId kEnvironment = EnvironmentId::Parse("env_00000000000000000000000001").value();

 private:
  struct User {
    std::string email, name, organisation;
    std::optional<agreement::Participant> participant;
  };
  struct Dataset {
    std::string name, owner, format, status = "uploading";
    std::uint64_t size_bytes = 0;
    std::map<std::uint64_t, std::string> parts;
    std::string content;
  };
  using Path = std::vector<std::string>;

  static net::HttpAnswer Json(int status, codec::JsonObject body) {
    return net::FakeJson(status, codec::WriteJson(body));
  }
  static net::HttpAnswer Problem(int status, const Error& error) {
    return Json(status, {{"error", CodeName(error.code)}, {"message", error.public_message}});
  }
  static net::HttpAnswer NoSuch() { return Problem(404, NotFound("no such thing")); }

  static Path Split(std::string_view target) {
    Path path;
    target = target.substr(0, target.find('?'));
    for (std::size_t at = 1; at <= target.size();) {
      const std::size_t end = std::min(target.find('/', at), target.size());
      path.emplace_back(target.substr(at, end - at));
      at = end + 1;
    }
    return path;
  }
  static std::string Query(std::string_view target, const std::string& name) {
    const std::size_t at = target.find(name + "=");
    if (at == std::string_view::npos) return "";
    const std::size_t begin = at + name.size() + 1;
    return std::string(target.substr(begin, target.find('&', begin) - begin));
  }
  static std::uint64_t Number(std::string_view target, const std::string& name) {
    return std::stoull(Query(target, name));
  }

  net::HttpAnswer Route(const net::HttpRequest& request) {
    const Path path = Split(request.target);
    const codec::Json body = codec::ParseJson(request.body).value_or(codec::Json(nullptr));
    if (path.size() < 2) return NoSuch();
    if (path[1] == "dev") return LogIn(body);
    User* user = Caller(request);
    if (user == nullptr) return Problem(401, {Code::kUnauthenticated, "no such key"});
    if (path[1] == "me") return Me(*user);
    if (path[1] == "participant-keys") return AddKey(*user, body);
    if (path.size() < 3) return NoSuch();
    if (path[2] == "environments") return Environments(*user, request, path, body);
    if (path[2] == "datasets") return Datasets(request, path, body);
    return Queries(path, body);
  }

  User* Caller(const net::HttpRequest& request) {
    for (const auto& field : request.fields) {
      if (!field.value.starts_with("Bearer clo_pat_")) continue;
      const auto found = users_.find(field.value.substr(15));
      if (found != users_.end()) return &found->second;
    }
    return nullptr;
  }
  net::HttpAnswer LogIn(const codec::Json& body) {
    const std::string email = TextAt(body, "email");
    users_.try_emplace(email, User{email, TextAt(body, "name"), TextAt(body, "organisation"), std::nullopt});
    return Json(200, {{"user", codec::JsonObject{{"email", email}}}, {"api_key", "clo_pat_" + email}});
  }
  static codec::Json KeyJson(const User& user) {
    if (!user.participant) return nullptr;
    return codec::JsonObject{{"thumbprint", user.participant->thumbprint}, {"recipient", user.participant->recipient}};
  }
  static net::HttpAnswer Me(const User& user) {
    return Json(200, {{"user", codec::JsonObject{{"email", user.email}}}, {"participant_key", KeyJson(user)}});
  }
  net::HttpAnswer AddKey(User& user, const codec::Json& body) {
    if (user.participant) return Problem(409, Conflict("you have a participant key already"));
    const std::string proof = TextAt(body, "proof");
    const std::size_t dot = proof.find('.');
    const auto payload = codec::Base64UrlDecode(proof.substr(dot + 1, proof.rfind('.') - dot - 1)).value();
    const codec::Json claims = codec::ParseJson(AsText(payload)).value();
    const auto raw = codec::Base64UrlDecode(TextAt(claims, "public_key")).value();
    const auto key = crypto::Ed25519PublicKey::FromRaw(raw).value();
    if (!crypto::VerifyJws(proof, "cloister-key+jws", key)) return Problem(422, VerificationFailed("no proof"));
    using Role = agreement::ParticipantRole;
    user.participant = agreement::Participant{.thumbprint = key.Thumbprint(),
                                              .public_key = key,
                                              .recipient = TextAt(claims, "recipient"),
                                              .email = user.email,
                                              .name = user.name,
                                              .organisation = user.organisation,
                                              .roles = {Role::kAnalyst, Role::kApprover, Role::kOwner}};
    return Json(201, {{"participant_key", KeyJson(user)}});
  }

  codec::JsonObject Tee() const {
    return {{"id", kEnvironment.str()},
            {"name", "Study"},
            {"status", enclave->state().in_force() ? "active" : "creating"},
            {"provider", "local"},
            {"epoch", 1}};
  }
  codec::Json CharterJson(const ledger::CharterRecord* record) const {
    if (record == nullptr) return nullptr;
    codec::JsonArray accepted;
    for (const auto& [who, link] : record->acceptances) accepted.emplace_back(who);
    return codec::JsonObject{{"charter", agreement::EncodeCharter(record->charter)},
                             {"digest", codec::HexEncode(record->digest)},
                             {"accepted", std::move(accepted)}};
  }
  net::HttpAnswer Environments(User& user, const net::HttpRequest& request, const Path& path, const codec::Json& body) {
    if (path.size() == 3 && request.method == net::HttpMethod::kPost) {
      enclave = std::make_unique<FakeEnclave>(MakeCharter(), clock_);
      return Json(201, {{"tee", Tee()}, {"message", "The enclave runs."}});
    }
    if (enclave == nullptr) return path.size() == 3 ? Json(200, {{"tees", codec::JsonArray()}}) : NoSuch();
    if (path.size() == 3) return Json(200, {{"tees", codec::JsonArray{Tee()}}});
    if (path[3] != kEnvironment.str()) return NoSuch();
    if (path.size() == 4) return Json(200, {{"tee", Tee()}});
    const std::string& what = path[4];
    const auto& state = enclave->state();
    if (what == "charter") {
      return Json(200, {{"current", CharterJson(state.in_force())}, {"proposed", CharterJson(state.proposed())}});
    }
    if (what == "attestation") return Attestation(request);
    if (what == "ledger") return Ledger(request, path);
    if (what == "chain") return Chain(*user.participant);
    if (what == "links" || what == "acceptances" || what == "terminate") return TakeLink(body, {{"tee", Tee()}});
    if (what == "participants") return ProposeWithEverybody();
    if (what == "datasets") return EnvironmentDatasets(user, request, body);
    if (what == "queries") return EnvironmentQueries(request, path, body);
    return NoSuch();
  }
  // Everybody who has a key by now takes part in the next epoch.
  net::HttpAnswer ProposeWithEverybody() {
    agreement::Charter next = MakeCharter();
    next.epoch = enclave->state().in_force()->charter.epoch + 1;
    next.previous = enclave->state().in_force()->digest;
    enclave->Propose(next);
    return Json(201, {{"tee", Tee()}});
  }
  net::HttpAnswer Attestation(const net::HttpRequest& request) {
    const auto nonce = codec::Base64UrlDecode(Query(request.target, "nonce")).value();
    const auto& state = enclave->state();
    const std::string digest = Query(request.target, "charter");
    const auto* record = !digest.empty()               ? state.FindCharter(codec::HexDecodeDigest(digest).value())
                         : state.proposed() != nullptr ? state.proposed()
                                                       : state.in_force();
    codec::Json json = enclave->Evidence(ToArray<32>(nonce), record->charter);
    json.as_object()["charter_document"] = agreement::EncodeCharter(record->charter);
    json.as_object()["appraisal"] = codec::JsonObject{{"verified", true}};
    return net::FakeJson(200, codec::WriteJson(json));
  }
  net::HttpAnswer Ledger(const net::HttpRequest& request, const Path& path) {
    const auto& tree = enclave->state().log();
    const auto proof = [](const crypto::MerkleProof& hashes) {
      codec::JsonArray list;
      for (const auto& hash : hashes) list.emplace_back(codec::HexEncode(hash));
      return Json(200, {{"proof", std::move(list)}});
    };
    if (path.size() == 5) {
      codec::JsonArray entries;
      const std::uint64_t to = std::min<std::uint64_t>(Number(request.target, "to"), enclave->entries().size());
      for (std::uint64_t i = Number(request.target, "from"); i < to; ++i) entries.emplace_back(enclave->entries()[i]);
      return Json(200, {{"entries", std::move(entries)}, {"size", tree.size()}});
    }
    if (path[5] == "checkpoint") return Json(200, {{"checkpoint", enclave->Checkpoint()}});
    if (path[6] == "inclusion")
      return proof(tree.InclusionProof(Number(request.target, "index"), Number(request.target, "size")));
    return proof(tree.ConsistencyProof(Number(request.target, "from"), Number(request.target, "to")));
  }
  net::HttpAnswer Chain(const agreement::Participant& me) {
    codec::JsonArray links;
    for (const std::uint64_t entry : enclave->state().LinksOf(me.thumbprint)) {
      links.emplace_back(ledger::DecodeEntry(enclave->entries()[entry])->As<ledger::LinkEntry>()->jws);
    }
    return Json(200, {{"links", std::move(links)}, {"head", nullptr}});
  }
  // Hands `document` to the enclave, and adds what it says to the answer.
  net::HttpAnswer TakeLink(const codec::Json& body, codec::JsonObject answer, int status = 200) {
    const auto entry = enclave->Take(TextAt(body, "document"));
    if (!entry) return Problem(entry.error().code == Code::kConflict ? 409 : 422, entry.error());
    answer["entry"] = *entry;
    answer["checkpoint"] = enclave->Checkpoint();
    const auto next = *entry + 1 < enclave->entries().size() ? ledger::DecodeEntry(enclave->entries()[*entry + 1])
                                                             : Result<ledger::Entry>(NotFound(""));
    if (const auto* refusal = next ? next->As<ledger::RefusalEntry>() : nullptr)
      answer["refused"] = ledger::EncodeRefusal(*refusal);
    return Json(status, std::move(answer));
  }

  static codec::JsonObject DatasetJson(const std::string& id, const Dataset& dataset) {
    return {{"id", id},
            {"name", dataset.name},
            {"status", dataset.status},
            {"format", dataset.format},
            {"environment", kEnvironment.str()},
            {"owner", dataset.owner},
            {"owner_email", dataset.owner}};
  }
  net::HttpAnswer EnvironmentDatasets(const User& user, const net::HttpRequest& request, const codec::Json& body) {
    if (request.method == net::HttpMethod::kPost) {
      const std::string id = TextAt(body, "id");
      datasets_[id] = {.name = TextAt(body, "name"), .owner = user.email, .format = TextAt(body, "format")};
      owners_[id] = user.participant->thumbprint;
      return Json(201, {{"dataset", DatasetJson(id, datasets_[id])}});
    }
    codec::JsonArray list;
    for (const auto& [id, dataset] : datasets_) list.push_back(DatasetJson(id, dataset));
    return Json(200, {{"datasets", std::move(list)}});
  }
  net::HttpAnswer Datasets(const net::HttpRequest& request, const Path& path, const codec::Json& body) {
    const auto found = datasets_.find(path[3]);
    if (found == datasets_.end()) return NoSuch();
    Dataset& dataset = found->second;
    if (path.size() == 4 && request.method == net::HttpMethod::kDelete) {
      datasets_.erase(found);
      return Json(200, {{"message", "removed"}});
    }
    if (path.size() == 4) return Json(200, {{"dataset", DatasetJson(path[3], dataset)}});
    if (path.size() == 5) {
      dataset.size_bytes = static_cast<std::uint64_t>(IntegerAt(body, "size_bytes"));
      return Json(201, {{"upload", codec::JsonObject{{"id", "upl_1"}, {"part_size_bytes", part_size_bytes}}}});
    }
    if (path.size() == 6) {
      codec::JsonArray parts;
      for (const auto& [number, bytes] : dataset.parts) parts.push_back(codec::JsonObject{{"part", number}});
      return Json(200, {{"upload", codec::JsonObject{{"parts", std::move(parts)}}}});
    }
    if (path[6] == "parts") {
      const std::string digest = "sha-256=:" + codec::Base64Encode(crypto::Sha256(AsBytes(request.body))) + ":";
      const bool announced =
          std::ranges::any_of(request.fields, [&](const auto& field) { return field.value == digest; });
      if (!announced) return Problem(400, InvalidArgument("not the bytes that were announced"));
      dataset.parts[std::stoull(path[7])] = request.body;
      return Json(200, {});
    }
    return Complete(path[3], dataset, body);
  }
  net::HttpAnswer Complete(const std::string& id, Dataset& dataset, const codec::Json& body) {
    std::string file;
    for (const auto& [number, bytes] : dataset.parts) file += bytes;
    net::HttpAnswer answer = TakeLink(body, {{"dataset", DatasetJson(id, dataset)}});
    if (!answer.ok()) return answer;
    const auto object = agreement::DecodeObjectRef(MemberAt(body, "object"), "object").value();
    MemorySource source(AsBytes(file));
    auto reader = sealing::OpenReader::Start(
        {.header_digest = object.header_digest, .length_bytes = object.length_bytes, .root = object.root},
        {.source = source, .identities = {&enclave->IdentityOf(owners_[id]), 1}});
    for (bool more = reader.has_value(); more;) {
      const auto piece = reader->NextProvisional();
      more = piece && !piece->empty();
      if (more) dataset.content += AsText(*piece);
    }
    dataset.status = reader && std::move(*reader).Finish() ? "available" : "failed";
    return answer;
  }

  codec::JsonObject QueryJson(const ledger::QueryRecord& query) const {
    const bool done = query.phase == ledger::QueryPhase::kReleased;
    return {{"id", query.request.query.str()},
            {"name", query.request.name},
            {"environment", kEnvironment.str()},
            {"status", done                                           ? "completed"
                       : query.phase == ledger::QueryPhase::kRejected ? "rejected"
                                                                      : "submitted"},
            {"privacy_level", agreement::LevelName(query.request.level)},
            {"created_at", "2026-11-22T08:36:00Z"}};
  }
  net::HttpAnswer EnvironmentQueries(const net::HttpRequest& request, const Path& path, const codec::Json& body) {
    if (path.size() == 6) return Check();
    if (request.method == net::HttpMethod::kGet) {
      codec::JsonArray list;
      for (const auto& [digest, query] : enclave->state().queries()) list.push_back(QueryJson(query));
      return Json(200, {{"queries", std::move(list)}});
    }
    const auto digest = crypto::JwsDigest(TextAt(body, "document"));
    net::HttpAnswer answer = TakeLink(body, {}, 201);
    const auto* query = digest ? enclave->state().FindQuery(*digest) : nullptr;
    if (!answer.ok() || query == nullptr) return answer;
    codec::JsonObject json = codec::ParseJson(answer.body)->as_object();
    json["query"] = QueryJson(*query);
    return Json(201, std::move(json));
  }
  net::HttpAnswer Check() {
    if (!refuse_query_with.empty()) {
      return Json(200, {{"verdict", "refused"}, {"violations", codec::ParseJson(refuse_query_with).value()}});
    }
    std::vector<agreement::Charge> charges;
    for (const auto& [id, dataset] : enclave->state().datasets()) charges.push_back({.dataset = id});
    return Json(200, {{"verdict", "accepted"},
                      {"charges", agreement::EncodeCharges(charges)},
                      {"violations", codec::JsonArray()},
                      {"report", codec::JsonObject{{"words", codec::JsonArray{"It counts patients by ward."}}}}});
  }
  net::HttpAnswer Queries(const Path& path, const codec::Json& body) {
    const auto id = QueryId::Parse(path[3]);
    const auto* query = id && enclave ? enclave->state().FindQuery(*id) : nullptr;
    if (query == nullptr) return NoSuch();
    if (path.size() == 4) return Json(200, {{"query", QueryJson(*query)}});
    if (path[4] == "approve" || path[4] == "reject" || path[4] == "cancel") return TakeLink(body, {});
    const auto* released = enclave->FindReleased(*id);
    if (released == nullptr) return NoSuch();
    if (path[4] == "receipt") return Json(200, {{"receipt", released->receipt}, {"release_entry", released->entry}});
    if (path.size() == 5) {
      return Json(200, {{"results", codec::JsonArray{codec::JsonObject{{"id", "res_1"}, {"format", "json"}}}}});
    }
    return {.status = 200, .fields = {}, .body = std::string(AsText(released->sealed))};
  }

  const Clock& clock_;
  std::map<std::string, User> users_;
  std::map<std::string, Dataset> datasets_;
  std::map<std::string, std::string> owners_;
};

}  // namespace cloister::cli::for_test
