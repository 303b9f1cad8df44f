#pragma once

// Where words go: data to standard output, talk to standard error, and each in the form that was asked for.
//
//   out.Say("sealing visits.csv");                       // talk; silent with -q
//   if (out.json()) return out.Json(answer), ok;         // data for programs
//   out.Line(table.Render(out.style()));                 // data for people
//
// Say, Warn, Fail, Show and Json spell out whatever a terminal would obey (printable.h), whoever wrote it. Line and
// SayRendered take text as it is, for what is painted or laid out already: there, text of others goes through
// Printable() first. Not thread-safe.

#include <ostream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "codec/json.h"

namespace cloister::cli {

enum class OutputFormat { kHuman, kPlain, kJson };

struct OutputStyle {
  OutputFormat format = OutputFormat::kHuman;
  bool colour = false;
  bool unicode = false;  // the locale says that a terminal would draw it
  bool animate = false;  // standard error is a terminal
  bool quiet = false;
  int width_columns = 80;
};

// What the process finds around it, as values.
struct Surroundings {
  bool stdout_is_terminal = false;
  bool stderr_is_terminal = false;
  std::string no_color = {};  // NO_COLOR: anything but empty switches colour off (no-color.org)
  std::string term = {};
  std::string locale = {};  // the first of LC_ALL, LC_CTYPE, LANG that is not empty
  int width_columns = 0;    // 0: unknown
};
struct StyleFlags {
  bool json = false;
  bool plain = false;
  bool no_color = false;
  bool quiet = false;
};
// --json and --plain never colour; a pipe gets neither colour nor animation.
OutputStyle ChooseStyle(const StyleFlags& flags, const Surroundings& around);

enum class Paint { kGood, kBad, kCaution, kFaint, kBold };

// Label and value, one per line, labels aligned. Plain: label, tab, value.
using Facts = std::vector<std::pair<std::string, std::string>>;

class Output {
 public:
  Output(std::ostream& data, std::ostream& talk, OutputStyle style) : data_(data), talk_(talk), style_(style) {}

  const OutputStyle& style() const { return style_; }
  bool json() const { return style_.format == OutputFormat::kJson; }

  // Data: one or more lines; the last line end is added.
  void Line(std::string_view text);
  void Raw(std::string_view bytes);
  void Json(const codec::Json& value);
  void Show(const Facts& facts);
  // For what is read while it is written.
  void Flush() { data_ << std::flush; }

  // Talk.
  void Say(std::string_view text);          // not with -q
  void SayRendered(std::string_view text);  // the same, painted or laid out
  void Warn(std::string_view text);         // also with -q
  void Fail(const Error& error);            // "error: ..." or, with --json, {"error","message"}
  std::ostream& talk() { return talk_; }

  std::string Painted(Paint paint, std::string_view text) const;
  // "ok" or "FAILED" with its sign and colour: never colour alone.
  std::string Mark(bool good) const;

 private:
  std::ostream& data_;
  std::ostream& talk_;
  OutputStyle style_;
};

}  // namespace cloister::cli
