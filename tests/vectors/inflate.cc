#include "vectors/inflate.h"

#include <zlib.h>

namespace cloister::vectors {

std::optional<Bytes> Inflate(ByteView compressed, const InflateOptions& options) {
  z_stream stream{};
  if (inflateInit2(&stream, options.raw ? -MAX_WBITS : MAX_WBITS) != Z_OK) return std::nullopt;
  stream.next_in = const_cast<Bytef*>(compressed.data());
  stream.avail_in = static_cast<uInt>(compressed.size());
  Bytes plain, piece(1 << 16);
  int status = Z_OK;
  while (status == Z_OK && plain.size() <= options.bytes_max) {
    stream.next_out = piece.data();
    stream.avail_out = static_cast<uInt>(piece.size());
    status = inflate(&stream, Z_NO_FLUSH);
    Append(plain, ByteView(piece).first(piece.size() - stream.avail_out));
  }
  inflateEnd(&stream);
  if (status != Z_STREAM_END || plain.size() > options.bytes_max) return std::nullopt;
  return plain;
}

}  // namespace cloister::vectors
