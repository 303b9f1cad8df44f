// Two ends and the bytes between them, in the test's hand.
#include "crypto/tls_engine.h"

#include <gtest/gtest.h>

#include "crypto/tls_peer_for_test.h"

namespace cloister::crypto {
namespace {

class TlsEngineTest : public testing::Test {
 protected:
  void Begin(const TlsClientForTest::Options& options = {}) {
    engine_.emplace(IdentityForTest(authority_));
    client_.emplace(authority_, options);
  }
  void ToServer() {
    const Bytes sent = client_->TakeOutput();
    for (ByteView rest = sent; !rest.empty();) {
      const ByteView piece = rest.first(std::min(rest.size(), kTlsInputBytesMax));
      engine_->Feed(piece);
      rest = rest.subspan(piece.size());
    }
  }
  void ToClient() {
    client_->Feed(engine_->Output());
    engine_->ClearOutput();
  }
  // Until one side is done with it.
  TlsStep::Kind Shake() {
    TlsStep step;
    for (int round = 0; round < 10 && step.kind == TlsStep::Kind::kWantsInput; ++round) {
      (void)client_->Handshake();
      ToServer();
      step = engine_->Handshake();
      ToClient();
    }
    (void)client_->Handshake();
    return step.kind;
  }
  std::string ReadAll(TlsStep::Kind ends_with = TlsStep::Kind::kWantsInput) {
    std::string text;
    Bytes piece(100);
    for (;;) {
      const TlsStep step = engine_->Read(piece);
      if (step.kind != TlsStep::Kind::kDone) {
        EXPECT_EQ(step.kind, ends_with) << engine_->failure();
        return text;
      }
      text += AsText(ByteView(piece).first(step.bytes));
    }
  }

  AuthorityForTest authority_;
  std::optional<TlsEngine> engine_;
  std::optional<TlsClientForTest> client_;
};

TEST_F(TlsEngineTest, CarriesBytesBothWays) {
  Begin();
  EXPECT_FALSE(engine_->open());
  ASSERT_EQ(Shake(), TlsStep::Kind::kDone);
  EXPECT_TRUE(engine_->open());
  EXPECT_EQ(client_->Protocol(), "http/1.1");
  EXPECT_STREQ(SSL_get_version(client_->raw()), "TLSv1.3");

  const std::string question(100'000, 'q');
  client_->Write(question);
  std::string read;
  const Bytes sent = client_->TakeOutput();
  for (ByteView rest = sent; !rest.empty();) {  // as a network cuts it
    const ByteView piece = rest.first(std::min<std::size_t>(rest.size(), 1000));
    engine_->Feed(piece);
    rest = rest.subspan(piece.size());
    read += ReadAll();
  }
  EXPECT_EQ(read, question);
  EXPECT_TRUE(engine_->Write(AsBytes("an answer")));
  EXPECT_EQ(AsText(engine_->Output()).find("an answer"), std::string::npos);
  ToClient();
  EXPECT_EQ(client_->Read(), "an answer");
}

TEST_F(TlsEngineTest, SpeaksWithoutAlpnAndRefusesOtherProtocols) {
  Begin({.protocol = ""});
  EXPECT_EQ(Shake(), TlsStep::Kind::kDone);
  Begin({.protocol = "h2"});
  EXPECT_EQ(Shake(), TlsStep::Kind::kFailed);
  EXPECT_TRUE(client_->failed());
}

TEST_F(TlsEngineTest, RefusesOlderVersionsAndSaysSo) {
  Begin({.version = TLS1_2_VERSION});
  EXPECT_EQ(Shake(), TlsStep::Kind::kFailed);
  EXPECT_EQ(engine_->failure(), "unsupported protocol");
  EXPECT_TRUE(client_->failed());  // it had the alert
  EXPECT_FALSE(engine_->open());
  EXPECT_EQ(engine_->Handshake().kind, TlsStep::Kind::kFailed);
  EXPECT_FALSE(engine_->Write(AsBytes("x")));
}

TEST_F(TlsEngineTest, GivesNoTicketsAndTakesNoEarlyData) {
  Begin();
  ASSERT_EQ(Shake(), TlsStep::Kind::kDone);
  EXPECT_TRUE(engine_->Write(AsBytes("x")));
  ToClient();
  EXPECT_EQ(client_->Read(), "x");
  EXPECT_EQ(SSL_SESSION_has_ticket(SSL_get_session(client_->raw())), 0);
  EXPECT_EQ(SSL_SESSION_is_resumable(SSL_get_session(client_->raw())), 0);
  EXPECT_EQ(SSL_get_max_early_data(client_->raw()), 0u);
}

TEST_F(TlsEngineTest, HearsAndSaysTheEnd) {
  Begin();
  ASSERT_EQ(Shake(), TlsStep::Kind::kDone);
  client_->Write("last words");
  client_->Close();
  ToServer();
  engine_->FeedEnd();
  EXPECT_EQ(ReadAll(TlsStep::Kind::kEnded), "last words");
  EXPECT_TRUE(engine_->Write(AsBytes("still heard")));  // the client may be reading
  engine_->Close();
  engine_->Close();
  EXPECT_FALSE(engine_->Write(AsBytes("x")));
  ToClient();
  EXPECT_EQ(client_->Read(), "still heard");
  EXPECT_EQ(client_->Read(), std::nullopt);
  EXPECT_NE(SSL_get_shutdown(client_->raw()) & SSL_RECEIVED_SHUTDOWN, 0);
}

TEST_F(TlsEngineTest, NoticesWhatWasCutOff) {
  Begin();
  ASSERT_EQ(Shake(), TlsStep::Kind::kDone);
  client_->Write("half of");
  ToServer();
  engine_->FeedEnd();
  EXPECT_EQ(ReadAll(TlsStep::Kind::kFailed), "half of");
  EXPECT_EQ(engine_->failure(), "the connection ended without close_notify");
}

TEST_F(TlsEngineTest, NoticesAChangedByte) {
  Begin();
  ASSERT_EQ(Shake(), TlsStep::Kind::kDone);
  client_->Write("question");
  Bytes sent = client_->TakeOutput();
  sent.back() ^= 1;
  engine_->Feed(sent);
  EXPECT_EQ(ReadAll(TlsStep::Kind::kFailed), "");
  EXPECT_FALSE(engine_->Output().empty());  // bad_record_mac
}

TEST_F(TlsEngineTest, AnswersKeyUpdates) {
  Begin();
  ASSERT_EQ(Shake(), TlsStep::Kind::kDone);
  client_->UpdateKeys();
  client_->Write("under a new key");
  ToServer();
  EXPECT_EQ(ReadAll(), "under a new key");
  EXPECT_TRUE(engine_->Write(AsBytes("as is this")));
  ToClient();
  EXPECT_EQ(client_->Read(), "as is this");
}

TEST_F(TlsEngineTest, KnowsPlainHttp) {
  Begin();
  engine_->Feed(AsBytes("GET / HTTP/1.1\r\nHost: h\r\n\r\n"));
  EXPECT_EQ(engine_->Handshake().kind, TlsStep::Kind::kFailed);
  EXPECT_TRUE(engine_->spoke_plain_http());
  Begin();
  engine_->Feed(AsBytes("SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n"));
  EXPECT_EQ(engine_->Handshake().kind, TlsStep::Kind::kFailed);
  EXPECT_FALSE(engine_->spoke_plain_http());
}

TEST_F(TlsEngineTest, BoundsTheHandshake) {
  Begin();
  // A ClientHello that announces 130,000 bytes, in records of 16,000.
  const Bytes body(16'000);
  std::size_t fed = 0;
  for (TlsStep step; step.kind == TlsStep::Kind::kWantsInput; step = engine_->Handshake()) {
    ASSERT_LE(fed, kTlsHandshakeBytesMax + kTlsInputBytesMax);
    Bytes record = {0x16, 0x03, 0x01, static_cast<std::uint8_t>(body.size() >> 8),
                    static_cast<std::uint8_t>(body.size() & 0xff)};
    Append(record, body);
    if (fed == 0) record[5] = 0x01, record[6] = 0x01, record[7] = 0xfb, record[8] = 0xd0;
    engine_->Feed(record);
    fed += record.size();
  }
  EXPECT_EQ(engine_->failure(), "the handshake is too long");
}

TEST_F(TlsEngineTest, AClientThatTrustsAnotherRootGoesAway) {
  engine_.emplace(IdentityForTest(AuthorityForTest()));
  client_.emplace(authority_, TlsClientForTest::Options{});
  (void)Shake();
  EXPECT_TRUE(client_->failed());
  EXPECT_FALSE(engine_->open());
}

}  // namespace
}  // namespace cloister::crypto
