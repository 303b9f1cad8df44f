#include "cli/object_scan.h"

#include <fstream>

#include "crypto/digest.h"
#include "sealing/age_header.h"
#include "sealing/sealed_object_ref.h"

namespace cloister::cli {
namespace {

constexpr std::size_t kNonceBytes = 16;
constexpr std::size_t kSealedChunkBytes = 65'552;
constexpr std::size_t kTagBytes = 16;
constexpr std::size_t kStepBytes = 4096;

// Reads the header off the stream's beginning and leaves the stream behind it.
Result<Bytes> ReadHeader(std::ifstream& stream) {
  Bytes prefix;
  std::size_t searched = 0;
  while (prefix.size() <= sealing::kAgeHeaderBytesMax) {
    const std::size_t before = prefix.size();
    prefix.resize(before + kStepBytes);
    stream.read(reinterpret_cast<char*>(prefix.data() + before), kStepBytes);
    prefix.resize(before + static_cast<std::size_t>(stream.gcount()));
    if (const auto end = sealing::FindAgeHeaderEnd(prefix, searched)) {
      prefix.resize(*end);
      stream.clear();
      stream.seekg(static_cast<std::streamoff>(*end));
      CLOISTER_TRY(sealing::ParseAgeHeader(prefix));
      return prefix;
    }
    if (!stream) break;
  }
  return InvalidArgument("this is no age file in its binary form; make one with: age -r RECIPIENT -o FILE.age FILE");
}

std::size_t ReadPiece(std::ifstream& stream, Bytes& piece, std::size_t size) {
  piece.resize(size);
  stream.read(reinterpret_cast<char*>(piece.data()), static_cast<std::streamsize>(size));
  piece.resize(static_cast<std::size_t>(stream.gcount()));
  return piece.size();
}

}  // namespace

Result<agreement::SealedObjectRef> ScanSealedFile(const std::filesystem::path& path,
                                                  const std::function<void(std::uint64_t)>& progress) {
  std::ifstream stream(path, std::ios::binary);
  if (!stream) return NotFound("there is no file " + path.string() + " that you may read");
  CLOISTER_ASSIGN(const Bytes header, ReadHeader(stream));
  Bytes piece;
  if (ReadPiece(stream, piece, kNonceBytes) != kNonceBytes)
    return InvalidArgument("the age file ends behind its header");
  sealing::ContentRoot root(piece);
  std::uint64_t length = header.size() + kNonceBytes;
  std::size_t last = 0;
  while (ReadPiece(stream, piece, kSealedChunkBytes) > 0) {
    last = piece.size();
    length += last;
    root.AddChunk(sealing::ContentRoot::ChunkLeaf(piece));
    if (progress) progress(length);
  }
  if (last < kTagBytes) return InvalidArgument("the age file is cut off");
  return agreement::SealedObjectRef{
      .header_digest = crypto::Sha256(header), .length_bytes = length, .root = root.Root()};
}

}  // namespace cloister::cli
