#pragma once

// Result<T>: a value or an Error, in the shape of std::expected<T, Error> (C++23), so that the standard type can
// replace it one day. Asking a Result for the side it does not hold stops the process.
//
//   Result<Config> Load(std::string_view path) {
//     CLOISTER_ASSIGN(auto text, ReadFile(path));   // returns the Error, if it is one
//     CLOISTER_TRY(CheckSize(text));
//     return Parse(text);
//   }

#include <optional>
#include <type_traits>
#include <utility>
#include <variant>

#include "base/check.h"
#include "base/error.h"

namespace cloister {

template <typename T>
class [[nodiscard]] Result {
 public:
  using value_type = T;

  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}
  template <typename U = T>
    requires(std::is_convertible_v<U &&, T> && !std::is_same_v<std::remove_cvref_t<U>, Error> &&
             !std::is_same_v<std::remove_cvref_t<U>, Result>)
  Result(U&& value) : state_(std::in_place_index<0>, std::forward<U>(value)) {}

  bool has_value() const { return state_.index() == 0; }
  explicit operator bool() const { return has_value(); }

  T& value() & { CLOISTER_CHECK(has_value()); return *std::get_if<0>(&state_); }
  const T& value() const& { CLOISTER_CHECK(has_value()); return *std::get_if<0>(&state_); }
  // By value, so that `for (each : *F())` goes over something that lives.
  T value() && { CLOISTER_CHECK(has_value()); return std::move(*std::get_if<0>(&state_)); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }
  T value_or(T fallback) && { return has_value() ? std::move(*this).value() : std::move(fallback); }

  const Error& error() const& { CLOISTER_CHECK(!has_value()); return *std::get_if<1>(&state_); }
  Error&& error() && { CLOISTER_CHECK(!has_value()); return std::move(*std::get_if<1>(&state_)); }

 private:
  std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  using value_type = void;

  Result() = default;
  Result(Error error) : error_(std::move(error)) {}

  bool has_value() const { return !error_.has_value(); }
  explicit operator bool() const { return has_value(); }
  void value() const { CLOISTER_CHECK(has_value()); }
  const Error& error() const& { CLOISTER_CHECK(!has_value()); return *error_; }
  Error&& error() && { CLOISTER_CHECK(!has_value()); return std::move(*error_); }

 private:
  std::optional<Error> error_;
};

using Status = Result<void>;

}  // namespace cloister

#define CLOISTER_CONCAT_INNER_(a, b) a##b
#define CLOISTER_CONCAT_(a, b) CLOISTER_CONCAT_INNER_(a, b)

// Evaluates a Result and returns its Error from the calling function, if it is one.
#define CLOISTER_TRY(expression)                                              \
  do {                                                                        \
    auto cloister_try_ = (expression);                                        \
    if (!cloister_try_) [[unlikely]] return std::move(cloister_try_).error(); \
  } while (false)

// The same, and binds the value: CLOISTER_ASSIGN(auto x, F()) or CLOISTER_ASSIGN(x, F()).
#define CLOISTER_ASSIGN(target, expression) \
  CLOISTER_ASSIGN_INNER_(CLOISTER_CONCAT_(cloister_result_, __LINE__), target, expression)
#define CLOISTER_ASSIGN_INNER_(result, target, expression)          \
  auto result = (expression);                                       \
  if (!result) [[unlikely]] return std::move(result).error();       \
  target = std::move(result).value()
