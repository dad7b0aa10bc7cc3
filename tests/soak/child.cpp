#include "child.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <stdexcept>

namespace livecca_soak {

Child::Child(const std::vector<std::string>& arguments) : process_(-1) {
  const std::string program = std::filesystem::read_symlink("/proc/self/exe").string();
  std::vector<const char*> words{program.c_str()};
  for (const std::string& argument : arguments) words.push_back(argument.c_str());
  words.push_back(nullptr);
  process_ = ::fork();
  if (process_ < 0) {
    throw std::runtime_error(std::string("expected to start a process, got: ") +
                             std::strerror(errno));
  }
  if (process_ == 0) {
    ::execv(program.c_str(), const_cast<char* const*>(words.data()));
    ::_exit(127);
  }
}

Child::~Child() { kill(); }

void Child::ended_with(int status) {
  status_ = WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

bool Child::has_ended() {
  int status = 0;
  if (!status_ && ::waitpid(process_, &status, WNOHANG) == process_) ended_with(status);
  return status_.has_value();
}

int Child::wait() {
  int status = 0;
  while (!status_) {
    if (::waitpid(process_, &status, 0) == process_) {
      ended_with(status);
    } else if (errno != EINTR) {
      status_ = 127;
    }
  }
  return *status_;
}

bool Child::kill() {
  if (status_) return false;
  ::kill(process_, SIGKILL);
  return wait() == -SIGKILL;
}

}  // namespace livecca_soak
