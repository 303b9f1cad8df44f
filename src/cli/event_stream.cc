#include "cli/event_stream.h"

namespace cloister::cli {

Status EventStream::Restart() {
  heard_ = false;
  line_.clear();
  after_return_ = false;
  event_ = {};
  has_data_ = false;
  id_ = last_id_;
  return {};
}

Status EventStream::Write(ByteView piece) {
  for (const std::uint8_t byte : piece) {
    const char c = static_cast<char>(byte);
    if (c == '\n' && after_return_) {
      after_return_ = false;
      continue;
    }
    after_return_ = c == '\r';
    if (c == '\n' || c == '\r') {
      Line(line_);
      line_.clear();
      continue;
    }
    line_ += c;
    if (line_.size() + event_.data.size() > kEventBytesMax) {
      return ResourceExhausted("the server sent an event of more than 1 MiB");
    }
  }
  return {};
}

void EventStream::Line(std::string_view line) {
  if (line.empty()) {
    last_id_ = id_;  // without data too: a stream says at its beginning where it stands
    if (has_data_) handler_(event_);
    event_ = {};
    has_data_ = false;
    return;
  }
  const std::size_t colon = line.find(':');
  heard_ = heard_ || colon == 0;
  if (colon == 0) return;  // a comment
  std::string_view value = colon == std::string_view::npos ? std::string_view() : line.substr(colon + 1);
  if (value.starts_with(' ')) value.remove_prefix(1);
  Field(line.substr(0, colon), value);
}

void EventStream::Field(std::string_view name, std::string_view value) {
  heard_ = heard_ || name == "event" || name == "id" || name == "data" || name == "retry";
  if (name == "event") event_.type = value;
  if (name == "id" && value.find('\0') == std::string_view::npos) id_ = value;
  if (name != "data") return;
  if (has_data_) event_.data += '\n';
  event_.data += value;
  has_data_ = true;
}

}  // namespace cloister::cli
