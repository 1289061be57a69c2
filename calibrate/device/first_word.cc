#include "calibrate/device/first_word.h"

#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <thread>
#include <utility>

namespace commplan::device {
namespace {

using Clock = std::chrono::steady_clock;

// What both sides say first, so that a stranger on the port is told from a peer.
constexpr std::array<char, 8> kGreeting = {'c', 'o', 'm', 'm', 'p', 'l', 'a', 'n'};

class Socket {
 public:
  explicit Socket(int number) : number_(number) {}
  Socket(Socket&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Socket& operator=(Socket&&) = delete;
  ~Socket() {
    if (number_ >= 0) close(number_);
  }
  int number() const { return number_; }

 private:
  int number_;
};

std::string Why() { return std::strerror(errno); }

Clock::time_point After(double seconds) {
  return Clock::now() +
         std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
}

// False where the time is over.
bool WaitFor(int socket, std::int16_t what, Clock::time_point end) {
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - Clock::now());
  if (left.count() <= 0) return false;
  pollfd entry = {.fd = socket, .events = what, .revents = 0};
  return poll(&entry, 1, static_cast<int>(left.count())) > 0;
}

bool SendAll(int socket, std::span<const std::byte> data) {
  while (!data.empty()) {
    const auto sent = send(socket, data.data(), data.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    data = data.subspan(static_cast<std::size_t>(sent));
  }
  return true;
}

bool ReceiveAll(int socket, std::span<std::byte> data, Clock::time_point end) {
  while (!data.empty()) {
    if (!WaitFor(socket, POLLIN, end)) return false;
    const auto got = recv(socket, data.data(), data.size(), 0);
    if (got <= 0) return false;
    data = data.subspan(static_cast<std::size_t>(got));
  }
  return true;
}

// A stranger, or a peer that went away, does not count.
bool Serve(int peer, std::span<const std::byte> word, Clock::time_point end) {
  std::array<char, kGreeting.size()> heard{};
  return ReceiveAll(peer, std::as_writable_bytes(std::span(heard)), end) && heard == kGreeting &&
         SendAll(peer, std::as_bytes(std::span(kGreeting))) && SendAll(peer, word);
}

bool Ask(const addrinfo& address, std::span<std::byte> word, Clock::time_point end) {
  const Socket peer(socket(address.ai_family, address.ai_socktype, address.ai_protocol));
  if (peer.number() < 0) return false;
  if (connect(peer.number(), address.ai_addr, address.ai_addrlen) != 0) return false;
  std::array<char, kGreeting.size()> heard{};
  return SendAll(peer.number(), std::as_bytes(std::span(kGreeting))) &&
         ReceiveAll(peer.number(), std::as_writable_bytes(std::span(heard)), end) &&
         heard == kGreeting && ReceiveAll(peer.number(), word, end);
}

}  // namespace

Status GiveWord(int port, int others, std::span<const std::byte> word, double timeout_s) {
  const Clock::time_point end = After(timeout_s);
  const Socket door(socket(AF_INET6, SOCK_STREAM, 0));
  const Socket old_door(door.number() < 0 ? socket(AF_INET, SOCK_STREAM, 0) : -1);
  const int number = door.number() < 0 ? old_door.number() : door.number();
  const std::string place = "port " + std::to_string(port);
  const int yes = 1, no = 0;
  setsockopt(number, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
  sockaddr_in6 six = {};
  six.sin6_family = AF_INET6;
  six.sin6_port = htons(static_cast<std::uint16_t>(port));
  sockaddr_in four = {};
  four.sin_family = AF_INET;
  four.sin_port = six.sin6_port;
  const bool is_six = door.number() >= 0;
  // Both families by one door.
  if (is_six) setsockopt(number, IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof(no));
  const auto* const address =
      is_six ? reinterpret_cast<const sockaddr*>(&six) : reinterpret_cast<const sockaddr*>(&four);
  if (bind(number, address, is_six ? sizeof(six) : sizeof(four)) != 0 ||
      listen(number, others) != 0) {
    return DeviceError(place + " cannot be listened on: " + Why(),
                       "choose another with MASTER_PORT, the same for all processes");
  }
  for (int served = 0; served < others;) {
    if (!WaitFor(number, POLLIN, end)) {
      return DeviceError("only " + std::to_string(served) + " of " + std::to_string(others) +
                             " processes came to " + place,
                         "see whether the others run and can reach this node");
    }
    const Socket peer(accept(number, nullptr, nullptr));
    if (peer.number() >= 0 && Serve(peer.number(), word, end)) ++served;
  }
  return OkStatus();
}

Result<std::vector<std::byte>> TakeWord(const std::string& host, int port, std::size_t bytes,
                                        double timeout_s) {
  const Clock::time_point end = After(timeout_s);
  addrinfo wanted = {};
  wanted.ai_socktype = SOCK_STREAM;
  std::vector<std::byte> word(bytes);
  std::string why = "nothing answered";
  while (Clock::now() < end) {
    addrinfo* found = nullptr;
    const int fault = getaddrinfo(host.c_str(), std::to_string(port).c_str(), &wanted, &found);
    if (fault != 0) why = gai_strerror(fault);
    bool done = false;
    for (const addrinfo* at = found; at != nullptr && !done; at = at->ai_next) {
      done = Ask(*at, word, end);
    }
    if (found != nullptr) freeaddrinfo(found);
    if (done) return word;
    constexpr auto kPause = std::chrono::milliseconds(100);
    std::this_thread::sleep_for(kPause);
  }
  return DeviceError(
      "rank 0 was not found at " + host + " port " + std::to_string(port) + ": " + why,
      "set MASTER_ADDR to an address of its node that this one can reach");
}

}  // namespace commplan::device
