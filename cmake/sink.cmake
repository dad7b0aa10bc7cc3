# livecca_sink(NAME SUMMARY): the calling folder, lib/sinks/NAME, is a sink: the library and package livecca_NAME, whose
# public header is include/livecca/sinks/NAME.hpp and whose tests, if any, are tests/NAME. LIVECCA_BUILD_NAME=ON or OFF
# decides whether it is built, and where it is not set LIVECCA_BUILD_SINKS; otherwise the rest of the calling file is left out. What the sink alone needs comes after
# this call.
macro(livecca_sink name summary)
  string(TOUPPER ${name} upper)
  set(LIVECCA_BUILD_${upper} "" CACHE STRING "Build ${summary}: ON, OFF, or empty to do as LIVECCA_BUILD_SINKS says")
  set_property(CACHE LIVECCA_BUILD_${upper} PROPERTY STRINGS "" ON OFF)
  set(wanted ${LIVECCA_BUILD_${upper}})
  if(wanted STREQUAL "")
    set(wanted ${LIVECCA_BUILD_SINKS})
  endif()
  if(NOT wanted)
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
