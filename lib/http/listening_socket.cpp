#include "http/listening_socket.hpp"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>
#include <memory>
#include <system_error>
#include <utility>

#include "livecca/common/error.hpp"

namespace livecca {
namespace {

[[noreturn]] void refuse(const std::string& address, int port, std::string got) {
  if (!got.empty() && got[0] >= 'A' && got[0] <= 'Z') got[0] = static_cast<char>(got[0] + 32);
  const bool has_colons = address.find(':') != std::string::npos;
  throw Error("expected to listen at " + (has_colons ? '[' + address + ']' : address) + ':' +
              std::to_string(port) + ", got: " + got);
}

using Addresses = std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)>;

Addresses addresses_of(const std::string& address, int port) {
  addrinfo wanted{};
  wanted.ai_socktype = SOCK_STREAM;
  wanted.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int error = ::getaddrinfo(address.c_str(), std::to_string(port).c_str(), &wanted, &found);
  if (error != 0) refuse(address, port, ::gai_strerror(error));
  return {found, &::freeaddrinfo};
}

/// Not open, with errno set, if the system refuses.
Descriptor listen_at(const addrinfo& address) {
  Descriptor socket(::socket(address.ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const int on = 1;
  // A port is free again as soon as its server is gone. SO_REUSEPORT would let two runs share one.
  const auto set = [&](int level, int option) {
    return ::setsockopt(socket.number(), level, option, &on, sizeof on) == 0;
  };
  if (!socket.is_open() || !set(SOL_SOCKET, SO_REUSEADDR) || !set(IPPROTO_TCP, TCP_NODELAY) ||
      ::bind(socket.number(), address.ai_addr, address.ai_addrlen) != 0 ||
      ::listen(socket.number(), SOMAXCONN) != 0) {
    const int why = errno;
    socket.close();
    errno = why;
  }
  return socket;
}

int port_of(const Descriptor& socket) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (::getsockname(socket.number(), reinterpret_cast<sockaddr*>(&address), &size) != 0) return 0;
  return ntohs(address.ss_family == AF_INET6
                   ? reinterpret_cast<const sockaddr_in6*>(&address)->sin6_port
                   : reinterpret_cast<const sockaddr_in*>(&address)->sin_port);
}

}  // namespace

ListeningSocket listening_socket(const std::string& address, int port) {
  const Addresses addresses = addresses_of(address, port);
  int why = EADDRNOTAVAIL;
  for (const addrinfo* one = addresses.get(); one != nullptr; one = one->ai_next) {
    Descriptor socket = listen_at(*one);
    if (!socket.is_open()) {
      why = errno;
      continue;
    }
    const int taken = port_of(socket);
    return {.socket = std::move(socket), .port = taken, .is_version_6 = one->ai_family == AF_INET6};
  }
  refuse(address, port, std::generic_category().message(why));
}

}  // namespace livecca
