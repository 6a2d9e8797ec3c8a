// Package slog has what the original uses of the standard package, which older toolchains lack.
package slog

type Logger struct{}

func Default() *Logger                 { return &Logger{} }
func (l *Logger) With(...any) *Logger  { return l }
func (l *Logger) Debug(string, ...any) {}
func (l *Logger) Info(string, ...any)  {}
func (l *Logger) Warn(string, ...any)  {}
func (l *Logger) Error(string, ...any) {}
func Warn(string, ...any)              {}
func Info(string, ...any)              {}
