#include <iostream>
#include <livecca/sinks/prometheus.hpp>

int main() {
  livecca::PrometheusSink sink({.port = 0});
  sink.open({.name = "first", .folder = ""});
  std::cout << "at port " << sink.port() << '\n' << sink.page();
  return sink.page().find("livecca_run_closed{run=\"first\"} 0\n") == std::string::npos ? 1 : 0;
}
