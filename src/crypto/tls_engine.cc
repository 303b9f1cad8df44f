#include "crypto/tls_engine.h"

#include <openssl/sslerr.h>

#include "crypto/tls_context.h"

namespace cloister::crypto {

struct TlsEngine::State {
  std::shared_ptr<const TlsIdentity> identity;
  openssl::TlsConnection connection;
  BIO* from_network = nullptr;  // both belong to the connection
  BIO* to_network = nullptr;
  std::size_t handshake_bytes = 0;
  bool handshaken = false;
  bool input_ended = false;
  bool closed = false;
  std::string_view failure = {};
  bool plain_http = false;

  TlsStep Fail(std::string_view why) {
    failure = why;
    return {TlsStep::Kind::kFailed};
  }
  // What a call of the library that did not succeed means.
  TlsStep Outcome(int returned);
};

TlsStep TlsEngine::State::Outcome(int returned) {
  switch (SSL_get_error(connection.get(), returned)) {
    case SSL_ERROR_ZERO_RETURN: return {TlsStep::Kind::kEnded};
    case SSL_ERROR_WANT_READ: {
      if (input_ended) return Fail("the connection ended without close_notify");
      return {TlsStep::Kind::kWantsInput};
    }
    default: {
      const unsigned long error = ERR_peek_error();
      const int reason = ERR_GET_REASON(error);
      const bool of_http = reason == SSL_R_HTTP_REQUEST || reason == SSL_R_HTTPS_PROXY_REQUEST;
      plain_http = ERR_GET_LIB(error) == ERR_LIB_SSL && of_http;
      const char* words = ERR_reason_error_string(error);
      return Fail(words != nullptr ? words : "the connection broke a rule of TLS");
    }
  }
}

TlsEngine::TlsEngine(std::shared_ptr<const TlsIdentity> identity) : state_(std::make_unique<State>()) {
  state_->connection.reset(SSL_new(identity->state_->context.get()));
  state_->identity = std::move(identity);
  state_->from_network = BIO_new(BIO_s_mem());
  state_->to_network = BIO_new(BIO_s_mem());
  CLOISTER_CHECK(state_->connection != nullptr && state_->from_network != nullptr && state_->to_network != nullptr);
  SSL_set_bio(state_->connection.get(), state_->from_network, state_->to_network);
  SSL_set_accept_state(state_->connection.get());
}
TlsEngine::~TlsEngine() = default;
TlsEngine::TlsEngine(TlsEngine&&) noexcept = default;
TlsEngine& TlsEngine::operator=(TlsEngine&&) noexcept = default;

void TlsEngine::Feed(ByteView from_network) {
  CLOISTER_CHECK(from_network.size() <= kTlsInputBytesMax);
  if (!state_->handshaken) state_->handshake_bytes += from_network.size();
  if (from_network.empty() || !state_->failure.empty()) return;
  const int taken = BIO_write(state_->from_network, from_network.data(), static_cast<int>(from_network.size()));
  CLOISTER_CHECK(taken == static_cast<int>(from_network.size()));
}

void TlsEngine::FeedEnd() { state_->input_ended = true; }

TlsStep TlsEngine::Handshake() {
  State& state = *state_;
  if (!state.failure.empty()) return {TlsStep::Kind::kFailed};
  if (state.handshaken) return {TlsStep::Kind::kDone};
  const openssl::QuietErrors quiet;
  ERR_clear_error();
  const int returned = SSL_do_handshake(state.connection.get());
  if (returned == 1) {
    state.handshaken = true;
    return {TlsStep::Kind::kDone};
  }
  if (state.handshake_bytes > kTlsHandshakeBytesMax) return state.Fail("the handshake is too long");
  return state.Outcome(returned);
}

TlsStep TlsEngine::Read(std::span<std::uint8_t> into) {
  State& state = *state_;
  if (!state.failure.empty()) return {TlsStep::Kind::kFailed};
  CLOISTER_CHECK(state.handshaken && !into.empty());
  const openssl::QuietErrors quiet;
  ERR_clear_error();
  std::size_t bytes = 0;
  const int returned = SSL_read_ex(state.connection.get(), into.data(), into.size(), &bytes);
  if (returned == 1) return {TlsStep::Kind::kDone, bytes};
  return state.Outcome(returned);
}

bool TlsEngine::Write(ByteView bytes) {
  State& state = *state_;
  CLOISTER_CHECK(bytes.size() <= kTlsRecordBytesMax);
  if (!open() || state.closed) return false;
  if (bytes.empty()) return true;
  const openssl::QuietErrors quiet;
  ERR_clear_error();
  std::size_t written = 0;
  const int returned = SSL_write_ex(state.connection.get(), bytes.data(), bytes.size(), &written);
  if (returned == 1) return true;
  (void)state.Fail("the connection does not take more");  // memory as a network takes all; only a broken state does not
  return false;
}

void TlsEngine::Close() {
  if (!open() || state_->closed) return;
  state_->closed = true;
  const openssl::QuietErrors quiet;
  ERR_clear_error();
  (void)SSL_shutdown(state_->connection.get());
}

ByteView TlsEngine::Output() const {
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(state_->to_network, &bytes);
  return {reinterpret_cast<const std::uint8_t*>(bytes), size > 0 ? static_cast<std::size_t>(size) : 0};
}

void TlsEngine::ClearOutput() { (void)BIO_reset(state_->to_network); }

bool TlsEngine::open() const { return state_->handshaken && state_->failure.empty(); }
std::string_view TlsEngine::failure() const { return state_->failure; }
bool TlsEngine::spoke_plain_http() const { return state_->plain_http; }

}  // namespace cloister::crypto
