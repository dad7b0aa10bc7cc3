# livecca_sink(NAME SUMMARY): the calling folder, lib/sinks/NAME, is a sink: the library and package livecca_NAME, whose
# public header is include/livecca/sinks/NAME.hpp and whose tests, if any, are tests/NAME. It is built with LIVECCA_BUILD_NAME=ON,
# by default if all sinks are; otherwise the rest of the calling file is left out. What the sink alone needs comes after
# this call.
macro(livecca_sink name summary)
  string(TOUPPER ${name} upper)
  option(LIVECCA_BUILD_${upper} "Build ${summary}" ${LIVECCA_BUILD_SINKS})
  if(NOT LIVECCA_BUILD_${upper})
    set_property(GLOBAL APPEND PROPERTY LIVECCA_SINKS_LEFT_OUT ${name})
    return()  # from the calling file, as this is a macro
  endif()
  set_property(GLOBAL APPEND PROPERTY LIVECCA_SINKS ${name})
  livecca_add_sink(${name})
endmacro()

function(livecca_add_sink name)
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS *.cpp)
  add_library(livecca_${name} ${sources})
  livecca_part(${name})
  livecca_unity(livecca_${name})
  target_include_directories(livecca_${name} PRIVATE ${PROJECT_SOURCE_DIR}/lib)
  target_link_libraries(livecca_${name} PUBLIC livecca::livecca PRIVATE $<BUILD_INTERFACE:livecca_warnings>)
  if(BUILD_SHARED_LIBS)
    # A shared livecca hides it.
    target_sources(livecca_${name} PRIVATE $<TARGET_OBJECTS:livecca_files>)
  endif()
endfunction()
