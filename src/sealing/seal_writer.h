#pragma once

// Writes sealed objects: age v1 files of any size in constant memory, with the reference that a manifest
// commits to.
//
//   CLOISTER_ASSIGN(auto writer, SealWriter::Start({.recipients = recipients, .rng = rng, .sink = sink}));
//   while (...) CLOISTER_TRY(writer.Write(piece));
//   CLOISTER_ASSIGN(const SealedObjectRef ref, writer.Finish());
//
// The file key and payload nonce are fresh from `rng` for each file and leave memory with the writer, and a
// chunk is sealed once: there is no way to go back, so an interrupted upload resends the stored ciphertext or
// starts a new file. A file that Finish() did not end has no last chunk, and no reader takes it. Memory: at
// most 3 MiB, whatever the file's size. Not thread-safe; with two threads a helper seals and hashes while the
// caller reads and the sink writes.

#include <memory>
#include <span>

#include "base/byte_stream.h"
#include "base/result.h"
#include "base/rng.h"
#include "sealing/age_identity.h"
#include "sealing/sealed_object_ref.h"

namespace cloister::sealing {

inline constexpr std::size_t kAgeRecipientsMax = 1024;

struct SealOptions {
  std::span<const AgeRecipient> recipients;  // 1..kAgeRecipientsMax, in the order of the header
  Rng& rng;
  ByteSink& sink;   // takes the file in order; must outlive the writer. Its first failure ends the writer.
  int threads = 1;  // 1 or 2
};

// The age format alone, for files that no document commits to: sealed state, recovery shares, results (whose
// receipt holds a plain digest).
class AgeWriter {
 public:
  // kInvalidArgument for no or too many recipients. Writes the header and the payload nonce.
  static Result<AgeWriter> Start(const SealOptions& options);
  ~AgeWriter();
  AgeWriter(AgeWriter&&) noexcept;
  AgeWriter& operator=(AgeWriter&&) noexcept;

  // Any number of bytes. After an error every further call repeats it.
  Status Write(ByteView plaintext);

  // The same without a copy: fill the front of Reserve(), which is never empty, and say how much it was.
  Result<std::span<std::uint8_t>> Reserve();
  Status Commit(std::size_t bytes);

  // Seals the last chunk and hands the rest to the sink. Once, and nothing after it.
  Status Finish();

 private:
  friend class SealWriter;
  struct State;
  explicit AgeWriter(std::unique_ptr<State> state);
  static Result<AgeWriter> StartWith(const SealOptions& options, bool with_content_root);
  std::unique_ptr<State> state_;
};

// The same with the content root: what datasets are sealed with.
class SealWriter {
 public:
  static Result<SealWriter> Start(const SealOptions& options);
  Status Write(ByteView plaintext) { return age_.Write(plaintext); }
  Result<std::span<std::uint8_t>> Reserve() { return age_.Reserve(); }
  Status Commit(std::size_t bytes) { return age_.Commit(bytes); }
  Result<SealedObjectRef> Finish();

 private:
  explicit SealWriter(AgeWriter age) : age_(std::move(age)) {}
  AgeWriter age_;
};

// A small file in one piece.
Result<Bytes> SealBytes(ByteView plaintext, std::span<const AgeRecipient> recipients, Rng& rng);

}  // namespace cloister::sealing
