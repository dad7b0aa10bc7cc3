# cmake -DFOLDER=tools/page/built -DOUTPUT=page_files.cpp -P page_files.cmake: the page's files as C++, so that the program
# needs no file beside it, and no Node to be built. As numbers: a literal of text may not be as long.
set(texts "")
set(entries "")
foreach(file "index.html|/|text/html" "app.js|/app.js|text/javascript" "app.css|/app.css|text/css"
    "icon.svg|/icon.svg|image/svg+xml")
  string(REPLACE "|" ";" parts ${file})
  list(GET parts 0 name)
  list(GET parts 1 path)
  list(GET parts 2 type)
  file(READ ${FOLDER}/${name} bytes HEX)
  file(SHA256 ${FOLDER}/${name} sha256)
  string(LENGTH "${bytes}" digits)
  math(EXPR size "${digits} / 2")
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${bytes}")
  # In an exported page such a text would end too early, or be another one.
  file(READ ${FOLDER}/${name} text)
  string(TOLOWER "${text}" text)
  foreach(unfit IN ITEMS "</script" "</style")
    string(FIND "${text}" ${unfit} place)
    if(name MATCHES "^app" AND NOT place EQUAL -1)
      message(FATAL_ERROR "${name}: expected a text that can stand in a page, got one with ${unfit}")
    endif()
  endforeach()
  string(FIND "${bytes}" "0x0d," place)
  if(NOT place EQUAL -1)
    message(FATAL_ERROR "${name}: expected lines that end with a line feed, got a carriage return")
  endif()
  string(REGEX REPLACE "(....................................................................................................)"
    "\\1\n" bytes "${bytes}")
  string(MAKE_C_IDENTIFIER ${name} identifier)
  string(APPEND texts "const unsigned char ${identifier}[] = {\n${bytes}0};\n")
  string(APPEND entries
    "      {\"${path}\", \"${type}; charset=utf-8\", {reinterpret_cast<const char*>(${identifier}), ${size}},\n       \"${sha256}\"},\n")
endforeach()
file(WRITE ${OUTPUT} "// Made by page_files.cmake.
#include \"serve/page_files.hpp\"

namespace livecca::tool {
namespace {

${texts}
}  // namespace

const PageFile* page_file(std::string_view path) {
  static const PageFile files[] = {
${entries}  };
  for (const PageFile& file : files) {
    if (file.path == path) return &file;
  }
  return nullptr;
}

}  // namespace livecca::tool
")
