#pragma once
// Result<T>: a value, or the Error that says why there is none. Spelled like std::expected, with and_then and
// transform, which g++ 12's std::expected lacks. A dropped Result is a warning.

#include <optional>
#include <type_traits>
#include <utility>
#include <variant>

#include "base/check.h"
#include "base/error.h"

namespace sluice {

template <typename T>
class [[nodiscard]] Result {
 public:
  using value_type = T;

  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}          // NOLINT: implicit by design
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}      // NOLINT: implicit by design
  template <typename U>
    requires(std::is_constructible_v<T, U &&> && !std::is_same_v<std::remove_cvref_t<U>, Result> &&
             !std::is_same_v<std::remove_cvref_t<U>, Error> && !std::is_same_v<std::remove_cvref_t<U>, T>)
  Result(U&& value) : state_(std::in_place_index<0>, std::forward<U>(value)) {}  // NOLINT: implicit by design

  [[nodiscard]] bool ok() const { return state_.index() == 0; }
  [[nodiscard]] bool has_value() const { return ok(); }
  explicit operator bool() const { return ok(); }

  // Precondition of value(), *, ->: ok(). Of error(): !ok().
  T& value() & { return check(), *std::get_if<0>(&state_); }
  const T& value() const& { return check(), *std::get_if<0>(&state_); }
  T&& value() && { return check(), std::move(*std::get_if<0>(&state_)); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }
  const Error& error() const& { return *std::get_if<1>(&state_); }
  Error&& error() && { return std::move(*std::get_if<1>(&state_)); }

  template <typename U>
  T value_or(U&& other) const& {
    return ok() ? **this : static_cast<T>(std::forward<U>(other));
  }
  template <typename F>
  auto and_then(F&& f) && -> std::invoke_result_t<F, T&&> {
    if (!ok()) return std::move(*this).error();
    return std::forward<F>(f)(std::move(*this).value());
  }
  template <typename F>
  auto transform(F&& f) && -> Result<std::invoke_result_t<F, T&&>> {
    if (!ok()) return std::move(*this).error();
    return std::forward<F>(f)(std::move(*this).value());
  }

 private:
  void check() const { SLUICE_CHECK(ok()); }
  std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  using value_type = void;

  Result() = default;
  Result(Error error) : error_(std::move(error)) {}  // NOLINT: implicit by design

  [[nodiscard]] bool ok() const { return !error_.has_value(); }
  [[nodiscard]] bool has_value() const { return ok(); }
  explicit operator bool() const { return ok(); }
  void value() const { SLUICE_CHECK(ok()); }
  const Error& error() const& { return *error_; }
  Error&& error() && { return std::move(*error_); }

  template <typename F>
  auto and_then(F&& f) && -> std::invoke_result_t<F> {
    if (!ok()) return std::move(*this).error();
    return std::forward<F>(f)();
  }

 private:
  std::optional<Error> error_;
};

}  // namespace sluice

#define SLUICE_CONCAT_INNER(a, b) a##b
#define SLUICE_CONCAT(a, b) SLUICE_CONCAT_INNER(a, b)

// SLUICE_TRY(auto x, expression): declares x as the expression's value, or returns its error.
#define SLUICE_TRY(declaration, ...) SLUICE_TRY_IMPL(SLUICE_CONCAT(sluice_try_, __COUNTER__), declaration, __VA_ARGS__)
#define SLUICE_TRY_IMPL(name, declaration, ...)   \
  auto name = (__VA_ARGS__);                      \
  if (!name.ok()) return std::move(name).error(); \
  declaration = std::move(name).value()

// SLUICE_RETURN_IF_ERROR(expression): returns the expression's error, if it has one.
#define SLUICE_RETURN_IF_ERROR(...) SLUICE_RETURN_IF_ERROR_IMPL(SLUICE_CONCAT(sluice_result_, __COUNTER__), __VA_ARGS__)
#define SLUICE_RETURN_IF_ERROR_IMPL(name, ...)                   \
  do {                                                           \
    if (auto name = (__VA_ARGS__); !name.ok()) {                 \
      return std::move(name).error();                            \
    }                                                            \
  } while (false)
