#include "net/server/tls_stream.h"

#include <algorithm>

#include "net/server/problem.h"

namespace cloister::net {
namespace {

using crypto::TlsStep;

// In the language that the client speaks, so that its user reads it.
std::string SpeakTls() {
  const Response said = RefusalResponse(400, "this port speaks TLS: write https:// in front of the address");
  std::string text = "HTTP/1.1 400 Bad Request\r\nconnection: close\r\n";
  for (const auto& [name, value] : said.headers) text += name + ": " + value + "\r\n";
  return text + "content-length: " + std::to_string(said.body.size()) + "\r\n\r\n" + said.body;
}

}  // namespace

TlsStream::TlsStream(std::unique_ptr<Stream> below, std::shared_ptr<const crypto::TlsIdentity> identity)
    : below_(std::move(below)), engine_(std::move(identity)), input_(crypto::kTlsInputBytesMax) {}

boost::asio::awaitable<bool> TlsStream::PutAll(ByteView bytes) {
  while (!bytes.empty()) {
    const std::optional<std::size_t> put = co_await below_->WriteSome(bytes);
    if (!put) co_return false;
    bytes = bytes.subspan(*put);
  }
  co_return true;
}

// After a write that broke off nothing may follow: a part of a record may have gone out.
boost::asio::awaitable<bool> TlsStream::Flush() {
  if (broken_) co_return false;
  const bool sent = co_await PutAll(engine_.Output());
  if (sent) engine_.ClearOutput();
  broken_ = !sent;
  co_return sent;
}

boost::asio::awaitable<bool> TlsStream::Fetch() {
  const std::optional<std::size_t> got = co_await below_->ReadSome(input_);
  if (got) engine_.Feed(ByteView(input_).first(*got));
  co_return got.has_value();
}

boost::asio::awaitable<Status> TlsStream::Open() {
  for (;;) {
    const TlsStep step = engine_.Handshake();
    if (step.kind == TlsStep::Kind::kFailed && engine_.spoke_plain_http()) {
      engine_.ClearOutput();
      const std::string said = SpeakTls();
      (void)co_await PutAll(AsBytes(said));
    }
    const bool sent = co_await Flush();
    if (step.kind == TlsStep::Kind::kDone && sent) co_return Status();
    if (step.kind == TlsStep::Kind::kFailed) {
      co_await Linger();
      co_return Error{Code::kVerificationFailed, "the TLS handshake failed", std::string(engine_.failure())};
    }
    const bool some = sent && co_await Fetch();
    if (!some) co_return Error{Code::kUnavailable, "the TLS handshake failed", "the client went away or took too long"};
  }
}

// Bytes that nobody read would make the kernel send a reset, which overtakes what we said. The caller's deadline ends
// it.
boost::asio::awaitable<void> TlsStream::Linger() {
  co_await below_->ShutdownSend();
  for (bool more = true; more;) {
    const std::optional<std::size_t> got = co_await below_->ReadSome(input_);
    more = got.has_value();
  }
}

boost::asio::awaitable<std::optional<std::size_t>> TlsStream::ReadSome(std::span<std::uint8_t> into) {
  for (;;) {
    const TlsStep step = engine_.Read(into);
    const bool sent = co_await Flush();  // a key update wants an answer, a failure an alert
    if (step.kind == TlsStep::Kind::kDone) co_return step.bytes;
    if (!sent || step.kind != TlsStep::Kind::kWantsInput) co_return std::nullopt;
    const bool some = co_await Fetch();
    if (!some) co_return std::nullopt;
  }
}

boost::asio::awaitable<std::optional<std::size_t>> TlsStream::WriteSome(ByteView bytes) {
  const ByteView record = bytes.first(std::min(bytes.size(), crypto::kTlsRecordBytesMax));
  if (!engine_.Write(record)) co_return std::nullopt;
  const bool sent = co_await Flush();
  if (!sent) co_return std::nullopt;
  co_return record.size();
}

boost::asio::awaitable<void> TlsStream::ShutdownSend() {
  engine_.Close();
  const bool sent = co_await Flush();
  if (sent) co_await below_->ShutdownSend();
}

}  // namespace cloister::net
