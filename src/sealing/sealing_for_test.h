#pragma once

// Keys, content and broken ends that the tests of this room share.

#include <algorithm>
#include <string>

#include "base/byte_stream.h"
#include "sealing/age_identity.h"
#include "sealing/open_reader.h"
#include "sealing/seal_writer.h"

namespace cloister::sealing {

// The identity of the age specification's own example.
inline constexpr std::string_view kSpecIdentity =
    "AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX";
inline constexpr std::string_view kSpecRecipient = "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj";

inline AgeIdentity SpecIdentity() { return std::move(AgeIdentity::Parse(kSpecIdentity)).value(); }

// Content in which no two chunks are alike.
inline Bytes ContentForTest(std::size_t size) {
  Bytes content(size);
  InsecureRngForTest rng(size);
  rng.Fill(content);
  return content;
}

// Answers at most `step` bytes a time, as a socket does, and fails after `bytes_before_failure`.
class DribblingSource final : public ByteSource {
 public:
  DribblingSource(ByteView bytes, std::size_t step, std::size_t bytes_before_failure = ~std::size_t{0})
      : bytes_(bytes), step_(step), left_(bytes_before_failure) {}
  Result<std::size_t> Read(std::span<std::uint8_t> into) override {
    if (left_ == 0) return Unavailable("the line is cut");
    const std::size_t count = std::min({into.size(), step_, left_, bytes_.size()});
    std::copy_n(bytes_.begin(), count, into.begin());
    bytes_ = bytes_.subspan(count);
    left_ -= count;
    return count;
  }

 private:
  ByteView bytes_;
  std::size_t step_;
  std::size_t left_;
};

struct SealedForTest {
  Bytes file;
  SealedObjectRef ref;
};

inline SealedForTest SealForTest(ByteView content, const AgeRecipient& recipient, Rng& rng, int threads = 1) {
  MemorySink file(content.size() * 2 + (1 << 20));
  auto writer = SealWriter::Start({.recipients = {&recipient, 1}, .rng = rng, .sink = file, .threads = threads});
  CLOISTER_CHECK(writer && writer->Write(content));
  auto ref = writer->Finish();
  CLOISTER_CHECK(ref.has_value());
  return {file.Take(), *ref};
}

// What came out before the end or the first error, and that error.
struct OpenedForTest {
  Bytes plaintext;
  Status status;
};

inline OpenedForTest OpenForTest(ByteView file, const AgeIdentity& identity, int threads = 1) {
  MemorySource source(file);
  OpenedForTest opened;
  auto reader = AgeReader::Start({.source = source, .identities = {&identity, 1}, .threads = threads});
  if (!reader) return {{}, reader.error()};
  for (bool more = true; more;) {
    auto piece = reader->Next();
    if (!piece) return {std::move(opened.plaintext), piece.error()};
    Append(opened.plaintext, *piece);
    more = !piece->empty();
  }
  return opened;
}

// The same against an expected object, all or nothing.
inline Result<Bytes> OpenObjectForTest(ByteSource& source, const SealedObjectRef& ref, const AgeIdentity& identity,
                                       int threads = 1) {
  CLOISTER_ASSIGN(auto reader,
                  OpenReader::Start(ref, {.source = source, .identities = {&identity, 1}, .threads = threads}));
  Bytes plaintext;
  for (bool more = true; more;) {
    CLOISTER_ASSIGN(const ByteView piece, reader.NextProvisional());
    Append(plaintext, piece);
    more = !piece.empty();
  }
  CLOISTER_ASSIGN(const VerifiedObject proof, std::move(reader).Finish());
  if (proof.plaintext_bytes() != plaintext.size()) return Internal("the proof is about another plaintext");
  return plaintext;
}

inline Result<Bytes> OpenObjectForTest(ByteView file, const SealedObjectRef& ref, const AgeIdentity& identity,
                                       int threads = 1) {
  MemorySource source(file);
  return OpenObjectForTest(source, ref, identity, threads);
}

}  // namespace cloister::sealing
