// A server that does not play fair. Whatever it alters between the enclave and the participant ends with exit 7, before
// anything is signed, sealed or shown.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/desk_for_test.h"

namespace cloister::cli::for_test {
namespace {

using testing::HasSubstr;

class Tamper : public testing::Test {
 protected:
  FakeClock clock_{{1'795'336'560'000}};
  FakeServer server_{clock_};
  Desk owner_{server_, clock_, "ada@hospital.example"};
  Desk analyst_{server_, clock_, "eve@uni.example"};

  void SetUp() override {
    ASSERT_EQ(owner_.Init("Hospital").code, ExitCode::kOk);
    ASSERT_EQ(analyst_.Init("University").code, ExitCode::kOk);
    ASSERT_EQ(owner_({"env", "create", "Study", "--with", "eve@uni.example"}).code, ExitCode::kOk);
  }
  void Ask() {
    ASSERT_EQ(owner_({"env", "accept", "Study", "--yes"}).code, ExitCode::kOk);
    ASSERT_EQ(analyst_({"env", "accept", "Study", "--yes"}).code, ExitCode::kOk);
    ASSERT_EQ(owner_({"dataset", "upload", owner_.File("v.csv", "id,ward\n1,A\n"), "--env", "Study", "--name", "visits",
                      "--policy", owner_.File("p.json", R"({"privacy_unit":"id","columns":{"id":{"roles":["join_key"],
                                                            "domain":"person"}}})")})
                  .code,
              ExitCode::kOk);
    ASSERT_EQ(analyst_({"query", "submit", analyst_.File("q.sql", "SELECT 1"), "--env", "Study", "--name", "q"}).code,
              ExitCode::kOk);
  }
  void Answer() {
    Ask();
    ASSERT_EQ(owner_({"query", "approve", "q", "--yes"}).code, ExitCode::kOk);
  }
  // Alters the JSON of answers whose request's target holds `part`.
  void Alter(std::string part, std::function<void(codec::JsonObject&)> change) {
    server_.tamper = [part = std::move(part), change = std::move(change)](const net::HttpRequest& request,
                                                                          net::HttpAnswer& answer) {
      if (request.target.find(part) == std::string::npos || !answer.ok()) return;
      codec::Json json = codec::ParseJson(answer.body, {.bytes_max = 4 << 20}).value();
      change(json.as_object());
      answer.body = codec::WriteJson(json);
    };
  }
  // The other letter in the middle of a base64 or hex text.
  static std::string Flipped(codec::Json& text) {
    std::string changed(text.as_string());
    char& c = changed[changed.size() / 2];
    c = c == 'A' || c == 'a' ? 'b' : 'a';
    return changed;
  }
  void ExpectRefused(const Ran& ran, std::string_view why) {
    EXPECT_EQ(ran.code, ExitCode::kVerificationFailed) << ran.out << ran.talk;
    EXPECT_THAT(ran.out + ran.talk, HasSubstr(std::string(why)));
  }
  std::size_t entries() const { return server_.enclave->entries().size(); }
};

TEST_F(Tamper, EvidenceForAnotherNonce) {
  std::string kept;
  server_.tamper = [&](const net::HttpRequest& request, net::HttpAnswer& answer) {
    if (request.target.find("/attestation") == std::string::npos) return;
    if (kept.empty()) kept = answer.body;
    answer.body = kept;  // the second client gets the first one's evidence
  };
  EXPECT_EQ(owner_({"env", "verify", "Study"}).code, ExitCode::kOk);
  ExpectRefused(owner_({"env", "verify", "Study"}), "FAILED");
}

TEST_F(Tamper, EvidenceWithAnotherStatement) {
  Alter("/attestation", [](codec::JsonObject& answer) {
    codec::Json& statement = answer["evidence"].as_object()["statement"];
    statement = Flipped(statement);
  });
  ExpectRefused(owner_({"env", "accept", "Study", "--yes"}), "evidence");
  EXPECT_EQ(entries(), 2U);
}

TEST_F(Tamper, AnotherRecipientForMyFiles) {
  InsecureRngForTest rng(3);
  const std::string theirs = sealing::AgeIdentity::Generate(rng).recipient().Text();
  Alter("/attestation", [&](codec::JsonObject& answer) {
    for (codec::Json& each : answer["recipients"].as_array()) each.as_object()["recipient"] = theirs;
  });
  ExpectRefused(owner_({"env", "accept", "Study", "--yes"}), "");
}

TEST_F(Tamper, AnotherResultRecipientForMeInTheCharter) {
  InsecureRngForTest rng(3);
  const std::string theirs = sealing::AgeIdentity::Generate(rng).recipient().Text();
  agreement::Charter charter = server_.MakeCharter();
  for (agreement::Participant& person : charter.participants) person.recipient = theirs;
  server_.enclave = std::make_unique<FakeEnclave>(charter, clock_);
  ExpectRefused(owner_({"env", "accept", "Study", "--yes"}), "the charter names another age recipient for you");
  EXPECT_EQ(entries(), 2U);
}

TEST_F(Tamper, KeysThatAreNotInTheEvidence) {
  const auto other = crypto::Ed25519Signer::FromSeed(SecretBytes(32)).value();
  Alter("/attestation", [&](codec::JsonObject& answer) {
    answer["keys"].as_object()["document_key"] = codec::Base64UrlEncode(other.public_key().raw());
  });
  ExpectRefused(owner_({"env", "verify", "Study"}), "FAILED");
}

TEST_F(Tamper, EvidenceOfASecondEnclaveBesideTheLedgerOfTheFirst) {
  ASSERT_EQ(owner_({"env", "verify", "Study"}).code, ExitCode::kOk);
  FakeEnclave second(server_.MakeCharter(), clock_, 77);
  server_.tamper = [&](const net::HttpRequest& request, net::HttpAnswer& answer) {
    const std::size_t at = request.target.find("nonce=");
    if (request.target.find("/attestation") == std::string::npos || at == std::string::npos) return;
    const Bytes nonce = codec::Base64UrlDecode(request.target.substr(at + 6, 43)).value();
    answer.body = codec::WriteJson(second.Evidence(ToArray<32>(nonce), server_.MakeCharter()));
  };
  ExpectRefused(owner_({"env", "verify", "Study"}), "FAILED");    // a home that knows the first
  ExpectRefused(analyst_({"env", "verify", "Study"}), "FAILED");  // and one that knows neither
}

TEST_F(Tamper, ACharterThatTheEvidenceIsNotAbout) {
  Alter("/charter", [](codec::JsonObject& answer) {
    answer["proposed"].as_object()["charter"].as_object()["cross_owner_joins"] = false;
  });
  ExpectRefused(owner_({"env", "accept", "Study", "--yes"}), "");
  EXPECT_EQ(entries(), 2U);
}

TEST_F(Tamper, ACheckpointThatNobodySigned) {
  Alter("/ledger/checkpoint", [](codec::JsonObject& answer) {
    std::string note(answer["checkpoint"].as_string());
    note[note.size() - 10] = note[note.size() - 10] == 'A' ? 'B' : 'A';
    answer["checkpoint"] = note;
  });
  ExpectRefused(owner_({"env", "verify", "Study"}), "FAILED");
}

TEST_F(Tamper, AnInclusionProofOfSomethingElse) {
  Ask();
  Alter("/proof/inclusion", [](codec::JsonObject& answer) {
    codec::Json& hash = answer["proof"].as_array()[0];
    hash = Flipped(hash);
  });
  ExpectRefused(owner_({"ledger", "prove", "Study", "2"}), "");
}

TEST_F(Tamper, AConsistencyProofThatDoesNotHold) {
  ASSERT_EQ(owner_({"env", "verify", "Study"}).code, ExitCode::kOk);
  ASSERT_EQ(analyst_({"env", "accept", "Study", "--yes"}).code, ExitCode::kOk);
  Alter("/proof/consistency", [](codec::JsonObject& answer) {
    codec::Json& hash = answer["proof"].as_array()[0];
    hash = Flipped(hash);
  });
  ExpectRefused(owner_({"env", "verify", "Study"}), "FORK");
  bool kept = false;
  for (const auto& file : std::filesystem::recursive_directory_iterator(owner_.home())) {
    kept = kept || file.path().parent_path().filename() == "forks";
  }
  EXPECT_TRUE(kept);
}

TEST_F(Tamper, AnOlderLedger) {
  const FakeEnclave* old = server_.enclave.get();
  const std::string checkpoint = old->Checkpoint();
  ASSERT_EQ(owner_({"env", "accept", "Study", "--yes"}).code, ExitCode::kOk);
  Alter("/ledger/checkpoint", [&](codec::JsonObject& answer) { answer["checkpoint"] = checkpoint; });
  ExpectRefused(owner_({"env", "verify", "Study"}), "an older state was put back");
}

TEST_F(Tamper, AnotherEnvironmentUnderTheSameName) {
  Ask();
  server_.enclave = std::make_unique<FakeEnclave>(server_.MakeCharter(), clock_, 99);
  ExpectRefused(owner_({"env", "verify", "Study"}), "");
}

TEST_F(Tamper, AnEntryThatIsNotInTheTree) {
  Ask();
  server_.tamper = [](const net::HttpRequest& request, net::HttpAnswer& answer) {
    if (request.target.find("/ledger?") == std::string::npos) return;
    const std::size_t at = answer.body.find("2026-11-22T08:36:00Z", answer.body.size() / 2);
    if (at != std::string::npos) answer.body[at] = '3';
  };
  ExpectRefused(owner_({"ledger", "verify", "Study"}), "");
}

TEST_F(Tamper, AReportThatIsNotTheEnclaves) {
  Ask();
  const std::size_t before = entries();
  // The report's entry is replaced by one that promises less, signed by a key of the server's own.
  const auto forger = crypto::Ed25519Signer::FromSeed(SecretBytes(32)).value();
  const auto& query = server_.enclave->state().queries().begin()->second;
  agreement::Report report = *query.report;
  report.charges.clear();
  const std::string forged =
      ledger::EncodeEntry(
          {.time = clock_.Now(), .body = ledger::ReportEntry{agreement::SignReport(forger, report)->compact()}})
          .value();
  Alter("/ledger?", [&](codec::JsonObject& answer) {
    for (codec::Json& entry : answer["entries"].as_array()) {
      const std::string_view text = entry.as_string();
      if (text.find("\"kind\":\"report\"") != std::string_view::npos) entry = forged;
    }
  });
  ExpectRefused(owner_({"query", "approve", "q", "--yes"}), "");
  EXPECT_EQ(entries(), before);
}

TEST_F(Tamper, AQueryThatTheLedgerDoesNotHave) {
  Ask();
  const std::string real = server_.enclave->state().queries().begin()->second.request.query.str();
  const std::string made_up = "qry_00000000000000000000000009";
  server_.tamper = [&](const net::HttpRequest& request, net::HttpAnswer& answer) {
    if (request.target != "/api/tee/queries/" + made_up) return;
    answer = net::FakeJson(200, R"({"query":{"id":")" + made_up + R"(","environment":")" +
                                    FakeServer::kEnvironment.str() + R"(","status":"submitted"}})");
  };
  ExpectRefused(owner_({"query", "approve", made_up, "--yes"}), "the verified ledger has none of that id");
}

// Which object a name means is the server's word until it was compared with what was signed.
TEST_F(Tamper, NamesThatLeadElsewhere) {
  Ask();
  Alter("/queries", [](codec::JsonObject& answer) {
    if (!answer.contains("queries")) return;
    for (codec::Json& query : answer["queries"].as_array()) query.as_object()["name"] = "wages";
  });
  ExpectRefused(owner_({"query", "approve", "wages", "--yes"}), "whose signed name is 'q'");
  ExpectRefused(owner_({"query", "wait", "wages"}), "whose signed name is 'q'");
  Alter("/api/tee/environments", [](codec::JsonObject& answer) {
    if (!answer.contains("tees")) return;
    for (codec::Json& tee : answer["tees"].as_array()) tee.as_object()["name"] = "Other study";
  });
  for (const auto& words : {std::vector<std::string>{"env", "verify", "Other study"},
                            {"env", "accept", "Other study", "--yes"},
                            {"env", "terminate", "Other study", "--yes"},
                            {"ledger", "show", "Other study"},
                            {"dataset", "recipient", "--env", "Other study"}}) {
    ExpectRefused(owner_(words), "whose charter is named 'Study'");
  }
  Alter("/datasets", [](codec::JsonObject& answer) {
    if (!answer.contains("datasets")) return;
    for (codec::Json& dataset : answer["datasets"].as_array()) dataset.as_object()["name"] = "costs";
  });
  ExpectRefused(owner_({"dataset", "show", "costs"}), "whose signed name is 'visits'");
}

TEST_F(Tamper, OneOfTwoQueriesOfOneName) {
  Ask();
  clock_.Advance(1'000);
  ASSERT_EQ(analyst_({"query", "submit", analyst_.File("q2.sql", "SELECT 2"), "--env", "Study", "--name", "q"}).code,
            ExitCode::kOk);
  Alter("/queries", [](codec::JsonObject& answer) {
    if (answer.contains("queries")) answer["queries"].as_array().pop_back();
  });
  const Ran ran = owner_({"query", "approve", "q", "--yes"});
  EXPECT_EQ(ran.code, ExitCode::kError);
  EXPECT_THAT(ran.talk, HasSubstr("several are named 'q'"));
}

TEST_F(Tamper, AReceiptWithAnotherSignature) {
  Answer();
  Alter("/receipt", [](codec::JsonObject& answer) { answer["receipt"] = Flipped(answer["receipt"]); });
  ExpectRefused(analyst_({"result", "get", "q"}), "");
}

TEST_F(Tamper, AReceiptOfAnotherQuery) {
  Answer();
  ASSERT_EQ(analyst_({"query", "submit", analyst_.File("q2.sql", "SELECT 2"), "--env", "Study", "--name", "q2"}).code,
            ExitCode::kOk);
  ASSERT_EQ(owner_({"query", "approve", "q2", "--yes"}).code, ExitCode::kOk);
  std::string first;
  for (const auto& [digest, query] : server_.enclave->state().queries()) {
    if (query.request.name == "q") first = server_.enclave->FindReleased(query.request.query)->receipt;
  }
  Alter("/receipt", [&](codec::JsonObject& answer) { answer["receipt"] = first; });
  ExpectRefused(analyst_({"result", "get", "q2"}), "the receipt is of another query");
}

TEST_F(Tamper, OtherBytesInPlaceOfTheResult) {
  Answer();
  InsecureRngForTest rng(5);
  const std::string text = analyst_({"key", "show", "--plain"}).out;
  const std::string recipient = text.substr(text.find("age1"), 62);
  const auto age = sealing::AgeRecipient::Parse(recipient).value();
  const Bytes forged =
      sealing::SealBytes(AsBytes(R"({"columns":[{"name":"n","type":"BIGINT"}],"rows":[[1],[2]]})"), {&age, 1}, rng)
          .value();
  server_.tamper = [&](const net::HttpRequest& request, net::HttpAnswer& answer) {
    if (request.target.ends_with("/download")) answer.body = AsText(forged);
  };
  const Ran ran = analyst_({"result", "get", "q"});
  ExpectRefused(ran, "");
  EXPECT_EQ(ran.out, "");
  ExpectRefused(analyst_({"result", "verify", "q"}), "");
}

TEST_F(Tamper, ARefusalThatTheServerHides) {
  Ask();
  ASSERT_EQ(owner_({"query", "reject", "q", "--reason", "no"}).code, ExitCode::kOk);
  Alter("/reject", [](codec::JsonObject& answer) { answer.erase("refused"); });
  const Ran again = owner_({"query", "reject", "q", "--reason", "still no"});
  EXPECT_EQ(again.code, ExitCode::kRefused) << again.talk;
  EXPECT_THAT(again.talk, HasSubstr("it has no effect"));
}

TEST_F(Tamper, ARefusalThatTheServerMakesUp) {
  Ask();
  Alter("/reject", [](codec::JsonObject& answer) {
    answer["refused"] = codec::JsonObject{{"code", "CONFLICT"}, {"reasons", codec::JsonArray{"made up"}}};
  });
  EXPECT_EQ(owner_({"query", "reject", "q", "--reason", "no"}).code, ExitCode::kOk);
}

TEST_F(Tamper, AfterAForkNothingIsSigned) {
  Ask();
  const std::string forks =
      (Home(owner_.home()).EnvironmentFolder(FakeServer::kEnvironment) / "forks").string();
  std::filesystem::create_directories(forks);
  std::ofstream(forks + "/2026-11-22T083600Z.json") << "{}";
  const std::size_t before = entries();
  for (const auto& words : {std::vector<std::string>{"query", "approve", "q", "--yes"},
                            {"query", "reject", "q", "--reason", "no"},
                            {"env", "accept", "Study", "--yes"},
                            {"env", "terminate", "Study", "--yes"}}) {
    ExpectRefused(owner_(words), "Nothing is signed here");
  }
  EXPECT_EQ(entries(), before);
  EXPECT_EQ(owner_({"env", "verify", "Study"}).code, ExitCode::kOk);  // looking is allowed, and says so
  EXPECT_THAT(owner_({"env", "verify", "Study"}).out, HasSubstr("a proof that two ledgers were shown is kept"));
  std::filesystem::remove_all(forks);
  EXPECT_EQ(owner_({"query", "approve", "q", "--yes"}).code, ExitCode::kOk);
}

}  // namespace
}  // namespace cloister::cli::for_test
