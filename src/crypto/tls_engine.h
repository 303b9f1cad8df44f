#pragma once

// The server's end of one TLS 1.3 connection (RFC 8446) as a machine of bytes: what came from the network goes in, what
// belongs on the network comes out, no socket and no clock in between. Whoever drives it moves the bytes and counts the
// time.
//
//   TlsEngine engine(identity);
//   engine.Feed(from_network);                 // as often as something comes
//   engine.Handshake();                        // kWantsInput until it is kDone
//   engine.Read(plain);                        // kDone with `bytes`, kWantsInput, kEnded, kFailed
//   engine.Write(answer);                      // whole
//   SendAll(engine.Output()); engine.ClearOutput();   // after each of these: answers, alerts, key updates
//
// Bounds: bytes fed are kept until they are read, so feed kTlsInputBytesMax at most and read until kWantsInput; a
// handshake that takes more than kTlsHandshakeBytesMax fails. Not thread-safe.

#include <memory>
#include <span>
#include <string_view>

#include "base/bytes.h"
#include "crypto/tls_identity.h"

namespace cloister::crypto {

inline constexpr std::size_t kTlsInputBytesMax = 32 << 10;      // of one Feed
inline constexpr std::size_t kTlsRecordBytesMax = 16 << 10;     // of one Write: what one record holds
inline constexpr std::size_t kTlsHandshakeBytesMax = 64 << 10;  // from a client, before its handshake is over

struct TlsStep {
  enum class Kind {
    kDone,        // the handshake is over, or `bytes` were read
    kWantsInput,  // nothing to do before more comes
    kEnded,       // the client said close_notify: everything it sent has been read
    kFailed,      // over for good; Output() holds the alert that tells the client, failure() says why
  };
  Kind kind = Kind::kWantsInput;
  std::size_t bytes = 0;
};

class TlsEngine {
 public:
  explicit TlsEngine(std::shared_ptr<const TlsIdentity> identity);
  ~TlsEngine();
  TlsEngine(TlsEngine&&) noexcept;
  TlsEngine& operator=(TlsEngine&&) noexcept;

  void Feed(ByteView from_network);
  // The network has nothing more. Without close_notify before it, reading fails from here on: what is missing may have
  // been cut off by somebody else (a truncation attack).
  void FeedEnd();

  TlsStep Handshake();
  TlsStep Read(std::span<std::uint8_t> into);
  // After the handshake; all of `bytes`, at most kTlsRecordBytesMax. False: over.
  bool Write(ByteView bytes);
  // Tells the client that nothing more comes (close_notify). Once; reading goes on.
  void Close();

  // What has to go to the network, in order; valid until the next call that is not const.
  ByteView Output() const;
  void ClearOutput();

  bool open() const;  // the handshake is over and nothing has failed
  // A fixed word of the TLS library ("unsupported protocol"), none of the client's; empty unless something failed.
  std::string_view failure() const;
  // The client spoke HTTP without TLS: it can be told so in its own language.
  bool spoke_plain_http() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace cloister::crypto
