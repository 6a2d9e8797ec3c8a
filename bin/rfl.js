#!/usr/bin/env node
import '../dist/rfl.js';
