#include "cli/output.h"

#include <algorithm>

#include "cli/printable.h"
#include "codec/ascii.h"

namespace cloister::cli {
namespace {

constexpr int kWidthDefault = 80;
constexpr int kWidthMin = 40;

bool SaysUtf8(std::string_view name) {
  const std::string locale = codec::LowerCase(name);
  return locale.find("utf-8") != std::string::npos || locale.find("utf8") != std::string::npos;
}

std::string_view Sequence(Paint paint) {
  switch (paint) {
    case Paint::kGood: return "\x1b[32m";
    case Paint::kBad: return "\x1b[31m";
    case Paint::kCaution: return "\x1b[33m";
    case Paint::kFaint: return "\x1b[2m";
    case Paint::kBold: return "\x1b[1m";
  }
  internal::CheckFailed(__FILE__, __LINE__, "a Paint outside its enumeration");
}

}  // namespace

OutputStyle ChooseStyle(const StyleFlags& flags, const Surroundings& around) {
  const bool human = !flags.json && !flags.plain;
  const bool dumb = around.term == "dumb";
  OutputStyle style;
  style.format = flags.json ? OutputFormat::kJson : flags.plain ? OutputFormat::kPlain : OutputFormat::kHuman;
  style.colour = human && around.stdout_is_terminal && !dumb && !flags.no_color && around.no_color.empty();
  style.unicode = human && SaysUtf8(around.locale) && !dumb;
  style.animate = around.stderr_is_terminal && !dumb && !flags.quiet;
  style.quiet = flags.quiet;
  style.width_columns = around.width_columns > 0 ? std::max(around.width_columns, kWidthMin) : kWidthDefault;
  return style;
}

void Output::Line(std::string_view text) {
  data_ << text;
  if (!text.ends_with('\n')) data_ << '\n';
}

void Output::Raw(std::string_view bytes) { data_.write(bytes.data(), static_cast<std::streamsize>(bytes.size())); }

void Output::Json(const codec::Json& value) { Line(PrintableJson(codec::WritePrettyJson(value))); }

void Output::Show(const Facts& facts) {
  if (style_.format == OutputFormat::kPlain) {
    for (const auto& [label, value] : facts) Line(label + "\t" + Printable(value));
    return;
  }
  std::size_t widest = 0;
  for (const auto& fact : facts) widest = std::max(widest, DisplayWidth(fact.first));
  for (const auto& [label, value] : facts) {
    Line(Painted(Paint::kFaint, label) + std::string(widest - DisplayWidth(label) + 2, ' ') + Printable(value));
  }
}

void Output::Say(std::string_view text) { SayRendered(PrintableLines(text)); }

void Output::SayRendered(std::string_view text) {
  if (!style_.quiet) talk_ << text << '\n' << std::flush;
}

void Output::Warn(std::string_view text) {
  talk_ << Painted(Paint::kCaution, "warning:") << ' ' << PrintableLines(text) << '\n' << std::flush;
}

void Output::Fail(const Error& error) {
  if (json()) {
    talk_ << PrintableJson(codec::WriteJson(
                 codec::JsonObject{{"error", CodeName(error.code)}, {"message", error.public_message}}))
          << '\n';
  } else {
    talk_ << Painted(Paint::kBad, "error:") << ' ' << PrintableLines(error.public_message) << '\n';
  }
  talk_ << std::flush;
}

std::string Output::Painted(Paint paint, std::string_view text) const {
  if (!style_.colour) return std::string(text);
  return std::string(Sequence(paint)) + std::string(text) + "\x1b[0m";
}

std::string Output::Mark(bool good) const {
  const std::string sign = !style_.unicode ? "" : good ? "\u2713 " : "\u2717 ";
  return Painted(good ? Paint::kGood : Paint::kBad, sign + (good ? "ok" : "FAILED"));
}

}  // namespace cloister::cli
