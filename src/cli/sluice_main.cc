// The program. Everything it can do is in the table of commands.h.
#include <csignal>
#include <cstdio>
#include <iostream>
#include <string>
#include <vector>

#include "cli/parse.h"

int main(int count, char** words) {
  std::signal(SIGPIPE, SIG_IGN);  // `sluice consume … | head` ends by the failed write
  std::ios::sync_with_stdio(false);
  const int status = sluice::cli::run_command_line({words + 1, words + count});
  std::cout.flush();
  return status;
}
