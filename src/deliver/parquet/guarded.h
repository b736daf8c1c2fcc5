#pragma once
// The wall between Arrow, which throws, and everything else, which does not.

#include <exception>
#include <new>
#include <string>
#include <type_traits>

#include "base/result.h"

namespace sluice::deliver::parquet {

// Gives what `call` gives, a Result; what it throws becomes an error of this code, and want of memory out_of_space.
template <typename F>
[[nodiscard]] std::invoke_result_t<F> guarded(ErrorCode code, F&& call) {
  try {
    return call();
  } catch (const std::bad_alloc&) {
    return Error{ErrorCode::out_of_space, "there is not enough memory"};
  } catch (const std::exception& thrown) {
    return Error{code, thrown.what()};
  } catch (...) {
    return Error{code, "an exception of no known type"};
  }
}

}  // namespace sluice::deliver::parquet
