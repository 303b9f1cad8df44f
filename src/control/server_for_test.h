#pragma once

// A whole control plane in one process for tests: a real store and real HTTP over loopback, fake enclaves,
// and people who speak to it.

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "agreement/chain.h"
#include "control/fake_provider_for_test.h"
#include "control/login/fake_issuer_for_test.h"
#include "control/mortal_blobs_for_test.h"
#include "control/rest/api.h"
#include "control/rest/problem.h"
#include "net/client/curl_transport.h"
#include "net/client/json_client.h"
#include "net/server/server.h"
#include "sealing/blob_store.h"

namespace cloister::control {

// What the compiler would say, in the place of a process.
class FakeChecker final : public cloud::QueryChecker {
 public:
  Result<std::string> Check(std::string_view request) override {
    last_request = request;
    return answer;
  }
  std::string last_request;
  std::string answer = R"({"verdict":"accepted","plan":"00","charges":[]})";
};

struct Reply {
  int status = 0;
  codec::Json json;
  std::string body;
  std::int64_t retry_after_s = -1;  // -1: the answer has no Retry-After

  std::string Text(const char* name) const { return std::string(json.at(name).as_string()); }
  const codec::Json& At(const char* pointer) const { return json.at_pointer(pointer); }
  std::string TextAt(const char* pointer) const { return std::string(At(pointer).as_string()); }
};

// Somebody with an API key, and with custody `self` a key of his own.
class Person {
 public:
  Person(std::uint16_t port, std::string key) : transport_(Address(port)), key_(std::move(key)) {}

  Reply Send(net::HttpRequest request) {
    if (!key_.empty()) request.fields.push_back({"X-API-Key", key_});
    auto answer = transport_.Perform(request);
    EXPECT_TRUE(answer.has_value()) << request.target;
    if (!answer) return {};
    Reply reply{.status = answer->status, .json = {}, .body = answer->body};
    const std::string retry_after(answer->Field("retry-after"));
    if (!retry_after.empty()) reply.retry_after_s = std::stoll(retry_after);
    if (auto json = codec::ParseJson(answer->body, {.bytes_max = 16 << 20})) reply.json = *json;
    return reply;
  }
  Reply Get(std::string target) { return Send({.target = std::move(target)}); }
  Reply Delete(std::string target) { return Send({.method = net::HttpMethod::kDelete, .target = std::move(target)}); }
  Reply Post(std::string target, codec::JsonObject body = {}) {
    return Send({.method = net::HttpMethod::kPost,
                 .target = std::move(target),
                 .fields = {{"Content-Type", "application/json"}},
                 .body = codec::WriteJson(codec::Json(std::move(body)))});
  }
  Reply Put(std::string target, std::string body, std::string digest) {
    return Send({.method = net::HttpMethod::kPut,
                 .target = std::move(target),
                 .fields = {{"Content-Digest", std::move(digest)}},
                 .body = std::move(body)});
  }

  std::string email;
  std::string thumbprint;
  std::optional<crypto::Ed25519Signer> signer;  // of custody `self`
  std::optional<sealing::AgeIdentity> identity;

 private:
  static net::ServerAddress Address(std::uint16_t port) {
    return *net::ServerAddress::Parse("http://127.0.0.1:" + std::to_string(port));
  }
  net::CurlTransport transport_;
  std::string key_;
};

class ServerFixture : public testing::Test {
 protected:
  ServerFixture() : provider_(clock_, rng_) {
    std::string pattern = std::filesystem::temp_directory_path() / "cloister_control_XXXXXX";
    folder_ = mkdtemp(pattern.data());
    StartServer();
  }
  ~ServerFixture() override {
    StopServer();
    std::filesystem::remove_all(folder_);
  }

  void StartServer() {
    store_ = *Store::Open(folder_ / "cloister.db");
    const SecretBytes sealer = provider_.SealerText();
    vault_.emplace(*sealing::AgeIdentity::Parse(AsText(sealer.view())), rng_);
    services_.emplace(WorkflowServices{*store_, provider_, blobs_, clock_, log_, {}});
    fleet_.emplace(*services_, rng_);
    EXPECT_TRUE(fleet_->Restore().has_value());
    custodian_.emplace(Custodian::Parts{*store_, *vault_, clock_, rng_});
    issuer_.emplace(fake_issuer_.Terms(), Issuer::Services{fake_issuer_.Connector(), clock_, log_});
    api_.emplace(Api{*store_, *fleet_, *custodian_, *vault_, provider_, checker_, blobs_, clock_, rng_, true, nullptr,
                     limits_, &*issuer_, public_origin_});
    server_ = *net::Server::Start({}, {clock_, rng_, log_, RenderProblem}, MakeRouter(*api_));
    fleet_->Begin();
  }
  void StopServer() {
    server_.reset();
    fleet_.reset();
    custodian_.reset();
    api_.reset();
    store_.reset();
  }
  void RestartServer() {
    StopServer();
    StartServer();
  }

  Person Anonymous() { return Person(server_->port(), ""); }

  Person LogIn(const std::string& email) {
    const Reply reply = Anonymous().Post("/api/dev/login", {{"email", email}});
    EXPECT_EQ(reply.status, 200) << reply.body;
    Person person(server_->port(), reply.Text("api_key"));
    person.email = email;
    return person;
  }
  Person WithServerKey(const std::string& email) {
    Person person = LogIn(email);
    const Reply reply = person.Post("/api/participant-keys", {{"custody", "server"}});
    EXPECT_EQ(reply.status, 201) << reply.body;
    person.thumbprint = reply.TextAt("/participant_key/thumbprint");
    return person;
  }
  std::string KeyProof(const Person& person, const std::string& email) {
    const codec::Json claims =
        codec::JsonObject{{"email", email},
                          {"public_key", codec::Base64UrlEncode(person.signer->public_key().raw())},
                          {"recipient", person.identity->recipient().Text()},
                          {"time", FormatRfc3339(clock_.Now())}};
    return *crypto::SignJws(*person.signer, "cloister-key+jws", claims);
  }
  Person WithOwnKey(const std::string& email) {
    Person person = LogIn(email);
    person.signer.emplace(crypto::Ed25519Signer::Generate(rng_));
    person.identity.emplace(sealing::AgeIdentity::Generate(rng_));
    person.thumbprint = person.signer->public_key().Thumbprint();
    const Reply reply = person.Post("/api/participant-keys", {{"custody", "self"}, {"proof", KeyProof(person, email)}});
    EXPECT_EQ(reply.status, 201) << reply.body;
    return person;
  }

  // What a client with his own key would sign here and now.
  std::string Sign(Person& person, const std::string& environment, const agreement::LinkBody& body) {
    const auto id = *EnvironmentId::Parse(environment);
    const auto session = fleet_->Find(id);
    const agreement::LinkAuthor author(id, *person.signer, clock_);
    const auto chain = session->Look([&](const auto& state) { return state.ChainOf(person.thumbprint); });
    const auto point = session->Look([](const auto& state) { return state.point(); });
    const auto link = author.Sign({.chain = chain, .checkpoint = point}, body);
    EXPECT_TRUE(link.has_value()) << link.error().public_message;
    return link->compact();
  }
  agreement::Acceptance AcceptanceOf(const std::string& environment, agreement::Custody custody) {
    return fleet_->Find(*EnvironmentId::Parse(environment))->Look([&](const ledger::LedgerState& state) {
      return agreement::Acceptance{.charter = state.proposed()->digest,
                                   .recipient_commitment = state.proposed()->recipient_commitment,
                                   .entry_0 = state.log().leaf(0),
                                   .custody = custody,
                                   .unconfirmed = {}};
    });
  }

  std::string CreateEnvironment(Person& creator, codec::JsonArray emails, const std::string& recovery = "operator") {
    const Reply reply = creator.Post("/api/tee/environments", {{"name", "joint study"},
                                                               {"participant_emails", std::move(emails)},
                                                               {"require_unanimous_approval", false},
                                                               {"recovery", recovery}});
    EXPECT_EQ(reply.status, 201) << reply.body;
    return reply.status == 201 ? reply.TextAt("/tee/id") : "";
  }

  // Times are shown in whole seconds.
  void AwaitSecondAfter(const std::string& time) {
    while (FormatRfc3339(clock_.Now()) <= time) std::this_thread::yield();
  }
  // Asks until `done`; each question takes the server some time, none waits.
  Reply AskUntil(Person& person, const std::string& target, const std::function<bool(const Reply&)>& done) {
    Reply reply;
    const std::int64_t due_ms = clock_.MonotonicMs() + 20'000;
    do {
      reply = person.Get(target);
    } while (clock_.MonotonicMs() < due_ms && (reply.status != 200 || !done(reply)));
    return reply;
  }
  Reply AskUntil(Person& person, const std::string& target, const char* pointer, const std::set<std::string>& values) {
    return AskUntil(person, target, [&](const Reply& reply) { return values.contains(reply.TextAt(pointer)); });
  }

  SystemClock clock_;
  SystemRng rng_;
  NullLogSink log_;
  ApiLimits limits_{.requests_per_minute = 0,  // tests ask as quickly as they can
                    .environments_per_day = 0,
                    .datasets_per_day = 0,
                    .queries_per_day = 0,
                    .upload_bytes_per_day = 0,
                    .download_bytes_per_day = 0};
  FakeProvider provider_;
  FakeChecker checker_;
  std::filesystem::path folder_;
  std::unique_ptr<Store> store_;
  MortalBlobStore blobs_;
  std::optional<KeyVault> vault_;
  std::optional<WorkflowServices> services_;
  std::optional<Fleet> fleet_;
  std::optional<Custodian> custodian_;
  FakeIssuer fake_issuer_{clock_};
  std::string public_origin_;
  std::optional<Issuer> issuer_;
  std::optional<Api> api_;
  std::unique_ptr<net::Server> server_;
};

}  // namespace cloister::control
