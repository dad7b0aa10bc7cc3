#include "commands/serve_command.hpp"

#include <chrono>
#include <cstdlib>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "commands/argument_values.hpp"
#include "inputs/input_error.hpp"
#include "text/output_text.hpp"

#ifdef LIVECCA_HAS_SERVE
#include "serve/page_export.hpp"
#include "serve/page_server.hpp"
#endif

namespace livecca::tool {
namespace {

constexpr const char* serve_details =
    "Serves one page that shows runs while they grow: which layers have settled, how far\n"
    "they are from each reference, and whether the numbers can be believed. RUNS are run\n"
    "folders, or folders of run folders; new runs appear, removed ones go. Prints the\n"
    "page's address, and serves until Ctrl-C. Reads only.\n"
    "\n"
    "Only this machine can open the page. With --host 0.0.0.0 others can, too; then\n"
    "--token is needed. What is sent is not encrypted: use it in a network that you trust,\n"
    "or leave --host and use ssh -L.\n"
    "\n"
    "With --export FILE it serves nothing: the page and the runs' numbers become one file\n"
    "for an e-mail.\n"
    "\n"
    "Example:\n"
    "  livecca serve runs --port 6007\n"
    "  livecca serve runs/first --export first.html\n"
    "\n"
    "Exit status: 2 with one line if the runs or the options cannot be used.";

struct Given {
  std::vector<std::string> runs;
  std::string address = "127.0.0.1";
  int port = 0;
  std::string token;
  std::string exported;  ///< a file
};

int port_of_argument(const std::string& text) {
  const auto port = number_of(text);
  if (!port || *port > 65535) wrong_value("--port", "0 to 65535", text);
  return static_cast<int>(*port);
}

#ifdef LIVECCA_HAS_SERVE
void serve(const Given& given, std::ostream& out, const Note&) {
  if (!given.exported.empty()) {
    export_page(given.runs, given.exported);
    out << "livecca's page of these runs is the file " << shown_name(given.exported) << '\n';
    return;
  }
  std::string token = given.token;
  // NOLINTNEXTLINE(concurrency-mt-unsafe): nobody sets variables here
  if (const char* const secret = std::getenv("LIVECCA_TOKEN"); secret != nullptr && token.empty()) {
    token = secret;
  }
  const PageServer server({.runs = given.runs,
                           .address = given.address,
                           .port = given.port,
                           .token = std::move(token)});
  out << "livecca's page is at " << server.url() << std::endl;
  for (;;) std::this_thread::sleep_for(std::chrono::hours(1));
}
#else
void serve(const Given&, std::ostream&, const Note&) {
  throw InputError(
      "expected a livecca that was built where Boost is (libboost-dev, 1.74 or newer), got one "
      "that was built without: it has no page to serve");
}
#endif

}  // namespace

Command serve_command() {
  const auto given = std::make_shared<Given>();
  Command command{
      .name = "serve", .summary = "Serve a page that shows runs live", .details = serve_details};
  command.add({
      {.name = "RUNS",
       .help = "Runs' folders, or folders that have runs in them",
       .take = into(given->runs),
       .values = ValueCount::many,
       .is_required = true},
      {.name = "--port",
       .value_name = "N",
       .help = "The port to listen at. Default: any that is free",
       .take = one([given = given.get()](const std::string& text) {
         given->port = port_of_argument(text);
       })},
      {.name = "--host",
       .value_name = "ADDRESS",
       .help = "The address of this machine to listen at. Default: 127.0.0.1,\n"
               "which others cannot reach",
       .take = into(given->address)},
      {.name = "--token",
       .value_name = "TEXT",
       .help = "16 characters or more that each request must have. Others on this\n"
               "machine can see it in the list of processes. Default: what\n"
               "LIVECCA_TOKEN is in the environment",
       .take = into(given->token)},
      {.name = "--export",
       .value_name = "FILE",
       .help = "Write the page with all data into one file instead, which a\n"
               "browser opens without a server",
       .take = into(given->exported)},
  });
  command.run = [given](std::ostream& out, const Note& note) { serve(*given, out, note); };
  return command;
}

}  // namespace livecca::tool
