// Runs one shell command in a folder and collects what it prints.

#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

namespace commplan::house {

struct Command {
  std::string line;  // for /bin/sh -c
  std::filesystem::path folder;
  std::vector<std::string> environment;  // "NAME=value", and nothing else is inherited
  std::chrono::milliseconds limit = std::chrono::seconds(20);
};

struct Outcome {
  std::string output;  // stdout and stderr as they came
  int status = 0;      // exit status; 128 + signal as in a shell; -1 when it was not started
  bool timed_out = false;
};

// The command leads a process group of its own; when the limit passes, the whole group is ended.
Outcome RunCommand(const Command& command);

}  // namespace commplan::house
