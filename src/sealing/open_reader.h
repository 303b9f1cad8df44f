#pragma once

// Reads sealed objects: age v1 files of any size in constant memory, each chunk authenticated before it is
// handed out.
//
// Two readers, for two amounts of knowledge:
//   AgeReader   the format alone. A chunk it hands out was sealed by somebody who knew the file key.
//   OpenReader  knows which object it expects. What it hands out on the way is provisional: only Finish()
//               answers the VerifiedObject that proves that all of it was the object a manifest commits to.
//               Whoever publishes plaintext demands that value.
//
//   CLOISTER_ASSIGN(auto reader, OpenReader::Start(ref, {.source = blob, .identities = {&identity, 1}}));
//   for (bool more = true; more;) {
//     CLOISTER_ASSIGN(const ByteView piece, reader.NextProvisional());
//     more = !piece.empty();
//     CLOISTER_TRY(staging.Append(piece));
//   }
//   CLOISTER_ASSIGN(const VerifiedObject proof, std::move(reader).Finish());
//   catalogue.Publish(std::move(staging), proof);
//
// Memory: at most 4 MiB, whatever the file's size. Not thread-safe; with two threads a helper opens and
// hashes while the caller reads and uses plaintext.

#include <memory>
#include <optional>
#include <span>

#include "base/byte_stream.h"
#include "base/result.h"
#include "sealing/age.h"
#include "sealing/age_identity.h"
#include "sealing/sealed_object_ref.h"

namespace cloister::sealing {

struct OpenOptions {
  ByteSource& source;                             // the age file in its binary form; must outlive the reader
  std::span<const AgeIdentity> identities = {};   // tried in order; needed by Start alone
  std::span<const std::string> passphrases = {};  // likewise; each costs what UnwrapFileKey says
  int threads = 1;                                // 1 or 2
};

class AgeReader {
 public:
  // Reads and checks the header. kInvalidArgument for a malformed one, kPermissionDenied if no identity opens
  // it, kVerificationFailed if it was changed; errors of the source as they are.
  static Result<AgeReader> Start(const OpenOptions& options);
  // The same, and says which kind of refusal it was, in the words of the public test kit.
  static Result<AgeReader> Start(const OpenOptions& options, AgeVerdict& refused_as);
  ~AgeReader();
  AgeReader(AgeReader&&) noexcept;
  AgeReader& operator=(AgeReader&&) noexcept;

  // The next piece of plaintext, valid until the next call; empty at the end, which is a well-formed one.
  // After an error every further call repeats it. kVerificationFailed for changed or moved chunks, kDataLoss
  // for a file that ends too early.
  Result<ByteView> Next();

 private:
  friend class OpenReader;
  struct State;
  struct Refusal;
  explicit AgeReader(std::unique_ptr<State> state);
  static std::optional<Refusal> TryStart(const OpenOptions& options, const SealedObjectRef* expected,
                                         std::unique_ptr<State>& state);
  std::unique_ptr<State> state_;
};

// Proof that the plaintext handed out by one reader, from first to last byte, is the content of `ref`.
class VerifiedObject {
 public:
  const SealedObjectRef& ref() const { return ref_; }
  std::uint64_t plaintext_bytes() const { return plaintext_bytes_; }

 private:
  friend class OpenReader;
  VerifiedObject(const SealedObjectRef& ref, std::uint64_t plaintext_bytes)
      : ref_(ref), plaintext_bytes_(plaintext_bytes) {}
  SealedObjectRef ref_;
  std::uint64_t plaintext_bytes_;
};

class OpenReader {
 public:
  // As AgeReader, and kVerificationFailed at once if the header is not the one of `expected`.
  static Result<OpenReader> Start(const SealedObjectRef& expected, const OpenOptions& options);

  // As AgeReader::Next. kVerificationFailed as soon as the file is longer than expected, and at its end if it
  // is shorter or has another root.
  Result<ByteView> NextProvisional();

  // kFailedPrecondition before NextProvisional() answered an empty piece.
  Result<VerifiedObject> Finish() &&;

 private:
  OpenReader(AgeReader age, const SealedObjectRef& expected) : age_(std::move(age)), expected_(expected) {}
  AgeReader age_;
  SealedObjectRef expected_;
  std::uint64_t plaintext_bytes_ = 0;
  bool at_end_ = false;
};

// A small file in one piece, all or nothing. kResourceExhausted if its plaintext has more than
// `plaintext_bytes_max`.
Result<Bytes> OpenBytes(ByteView file, const AgeIdentity& identity, std::size_t plaintext_bytes_max);
// The same for a key.
Result<SecretBytes> OpenSecret(ByteView file, const AgeIdentity& identity, std::size_t plaintext_bytes_max);

}  // namespace cloister::sealing
