#include "calibrate/device/first_word.h"

#include <unistd.h>

#include <chrono>
#include <thread>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/base/test_matchers.h"

namespace commplan::device {
namespace {

using ::testing::HasSubstr;

// Of this process, so that tests side by side do not meet.
int Port(int offset) { return 20000 + (static_cast<int>(getpid()) * 7 + offset) % 20000; }

std::vector<std::byte> Word() {
  std::vector<std::byte> word(128);
  for (std::size_t i = 0; i < word.size(); ++i) word[i] = static_cast<std::byte>(i * 5);
  return word;
}

TEST(FirstWord, ReachesAllWhoeverComesFirst) {
  const int port = Port(0);
  std::vector<Result<std::vector<std::byte>>> taken(3, Result<std::vector<std::byte>>(Word()));
  std::vector<std::jthread> others;
  for (auto& one : taken) {
    one = std::vector<std::byte>();
    others.emplace_back([&one, port] { one = TakeWord("127.0.0.1", port, 128, 20); });
  }
  // They ask before anybody listens.
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  EXPECT_THAT(GiveWord(port, 3, Word(), 20), IsOk());
  for (std::jthread& other : others) other.join();
  for (const auto& one : taken) {
    ASSERT_THAT(one, IsOk());
    EXPECT_EQ(*one, Word());
  }
}

TEST(FirstWord, WhoDoesNotComeIsMissed) {
  const auto given = GiveWord(Port(1), 2, Word(), 0.05);
  EXPECT_THAT(given, IsError(ErrorCode::kDevice, HasSubstr("only 0 of 2 processes came")));
  const auto taken = TakeWord("127.0.0.1", Port(2), 128, 0.05);
  EXPECT_THAT(taken, IsError(ErrorCode::kDevice, HasSubstr("rank 0 was not found")));
  EXPECT_THAT(taken.error().hint, HasSubstr("MASTER_ADDR"));
}

}  // namespace
}  // namespace commplan::device
