#pragma once

// Text of others on our terminal. Names, notes and SQL come from people who may wish that we read something else than
// what is there: an escape sequence repaints the screen, a bidirectional override reverses a line. What approvers read
// must be what they sign.

#include <string>
#include <string_view>

namespace cloister::cli {

// One line: control characters (C0, DEL, C1), line ends, bidirectional controls, zero-width characters and bytes that
// are not UTF-8 are shown as \n, \t, \x1b, \u202e ...; everything else is unchanged.
std::string Printable(std::string_view text);
// The same, but line ends stay and tabs become spaces: for SQL and notes.
std::string PrintableLines(std::string_view text);

// JSON text with the same of its characters written as \uXXXX: another spelling of the same JSON. Its line ends stay.
std::string PrintableJson(std::string_view json);

// How many columns a terminal gives to a printable text: one per code point, two for East Asian wide ones, none for
// combining marks.
std::size_t DisplayWidth(std::string_view text);

}  // namespace cloister::cli
