# Writes OUT, a source file with the commit of ROOT's checkout ("abc1234", "abc1234+" with changes; empty outside a
# checkout), when it has changed: cmake -DROOT=… -DOUT=… -P version_commit.cmake
execute_process(COMMAND git -C "${ROOT}" rev-parse --show-prefix
  OUTPUT_VARIABLE prefix OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE failed)
set(commit "")
if(failed EQUAL 0 AND prefix STREQUAL "")  # not a folder inside somebody else's checkout
  execute_process(COMMAND git -C "${ROOT}" describe --always --dirty=+ --exclude "*" --abbrev=7
    OUTPUT_VARIABLE commit OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
endif()
set(text "namespace sluice::server {\nextern const char* const kVersionCommit;\nconst char* const kVersionCommit = \"${commit}\";\n}\n")
set(before "")
if(EXISTS "${OUT}")
  file(READ "${OUT}" before)
endif()
if(NOT text STREQUAL before)
  file(WRITE "${OUT}" "${text}")
endif()
