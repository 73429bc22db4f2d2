-- Neovim with rust-analyzer and Sendlens, as a user has it: `nvim --headless --clean -u neovim.lua`.
-- Environment: PLUGIN (editors/neovim), WORKSPACE, CARGO_CALLS (what the shim noted), ROUNDS,
-- MODE: beside rust-analyzer, alone, tee (`overrideCommand` through it), untrusted, silent
-- (rust-analyzer with `checkOnSave` off), unheard (`overrideCommand` without the tee) or missing (no
-- server).

local plugin, workspace = vim.env.PLUGIN, vim.uv.fs_realpath(vim.env.WORKSPACE)
local rounds = tonumber(vim.env.ROUNDS or '5')
local mode = vim.env.MODE or 'beside'
local PATIENCE = 60000

-- What a user writes in init.lua. Only rust-analyzer's own config stands in for nvim-lspconfig.
vim.opt.runtimepath:prepend(plugin)
vim.lsp.config('rust_analyzer', {
  cmd = { 'rust-analyzer' },
  filetypes = { 'rust' },
  root_markers = { 'Cargo.lock', 'Cargo.toml' },
  capabilities = { experimental = { serverStatusNotification = true } },
})
local override = 'cargo check --workspace --message-format=json --all-targets --keep-going'
if mode == 'tee' or mode == 'unheard' then
  local command = (mode == 'tee' and 'sendlens flycheck -- ' or '') .. override
  vim.lsp.config('rust_analyzer', {
    settings = { ['rust-analyzer'] = { check = { overrideCommand = vim.split(command, ' ') } } },
  })
elseif mode == 'silent' then
  vim.lsp.config('rust_analyzer', { settings = { ['rust-analyzer'] = { checkOnSave = false } } })
elseif mode == 'missing' then
  vim.lsp.config('sendlens', { cmd = { 'no-such-sendlens' } })
elseif mode == 'untrusted' then
  vim.lsp.config('sendlens', { init_options = { trusted = false } })
end
local beside = vim.list_contains({ 'beside', 'tee', 'silent', 'unheard' }, mode)
vim.lsp.enable('rust_analyzer', beside)
vim.lsp.enable('sendlens')

local passed, failed = 0, 0
local function say(...)
  io.stdout:write(table.concat(vim.tbl_map(tostring, { ... }), ' '), '\n')
end
local function check(what, holds, detail)
  if holds then
    passed = passed + 1
    say('ok    ', what)
  else
    failed = failed + 1
    say('FAILED', what, detail and '\n' .. (type(detail) == 'string' and detail or vim.inspect(detail)) or '')
  end
  return holds
end
local function ms(from, to)
  return (to - from) / 1e6
end

-- When each server published what, and when rust-analyzer's checks ended.
local published, checks_ended = {}, 0
local publish = vim.lsp.handlers['textDocument/publishDiagnostics']
vim.lsp.handlers['textDocument/publishDiagnostics'] = function(err, result, ctx)
  local client = vim.lsp.get_client_by_id(ctx.client_id)
  local count = { at = vim.uv.hrtime(), name = client and client.name, uri = result.uri }
  for _, diagnostic in ipairs(result.diagnostics) do
    count[diagnostic.severity] = (count[diagnostic.severity] or 0) + 1
  end
  table.insert(published, count)
  return publish(err, result, ctx)
end
vim.api.nvim_create_autocmd('LspProgress', {
  callback = function(event)
    local progress = event.data.params
    if tostring(progress.token):find('flycheck') and progress.value.kind == 'end' then
      checks_ended = checks_ended + 1
    end
  end,
})
-- What the user is told.
local messages = {}
local notify = vim.notify
vim.notify = function(text, ...)
  table.insert(messages, text)
  return notify(text, ...)
end
for _, method in ipairs({ 'window/showMessage', 'window/logMessage' }) do
  local handler = vim.lsp.handlers[method]
  vim.lsp.handlers[method] = function(err, params, ctx)
    table.insert(messages, params.message)
    return handler(err, params, ctx)
  end
end
local function told(part)
  return vim.iter(messages):any(function(text)
    return text:find(part, 1, true)
  end)
end
local ready = false
vim.lsp.handlers['experimental/serverStatus'] = function(_, status)
  ready = ready or status.quiescent
end

local file = workspace .. '/sample/src/main.rs'
local buffer

local function of(source, severity)
  return vim.tbl_filter(function(diagnostic)
    return diagnostic.source == source
  end, vim.diagnostic.get(buffer, { severity = severity }))
end
local function errors()
  return of('rustc', vim.diagnostic.severity.ERROR)
end
local function hints()
  return of('sendlens')
end
local function wait(condition, patience)
  return (vim.wait(patience or PATIENCE, condition, 5))
end

-- The checks that ran in the user's folder, and the compiler runs on copies of it.
local function cargo_calls()
  local user, copies = {}, {}
  for _, line in ipairs(vim.fn.readfile(vim.env.CARGO_CALLS)) do
    local _, folder, arguments = unpack(vim.split(line, '\t'))
    local is_check = vim.startswith(arguments, 'check') or vim.startswith(arguments, 'clippy')
    if is_check and vim.startswith(folder, workspace) then
      table.insert(user, arguments)
    elseif is_check then
      table.insert(copies, folder .. ': ' .. arguments)
    end
  end
  return user, copies
end

local function find(text, after)
  for number, line in ipairs(vim.api.nvim_buf_get_lines(buffer, 0, -1, false)) do
    local column = line:find(text, 1, true)
    if column and number > (after or 0) then
      return number, column - 1
    end
  end
  error('no ' .. text)
end
local function go(text, offset)
  local line, column = find(text)
  vim.api.nvim_win_set_cursor(0, { line, column + (offset or 0) })
end
local function floats()
  local windows = {}
  for _, window in ipairs(vim.api.nvim_list_wins()) do
    if vim.api.nvim_win_get_config(window).relative ~= '' then
      table.insert(windows, window)
    end
  end
  return windows
end
local function close_floats()
  for _, window in ipairs(floats()) do
    vim.api.nvim_win_close(window, true)
  end
end

-- K, as the user presses it: one window with what both servers say.
local function hover(text, offset)
  close_floats()
  go(text, offset)
  vim.lsp.buf.hover({ silent = true })
  wait(function()
    return #floats() > 0
  end, 10000)
  local window = floats()[1]
  local lines = window and vim.api.nvim_buf_get_lines(vim.api.nvim_win_get_buf(window), 0, -1, false) or {}
  close_floats()
  return table.concat(lines, '\n')
end

-- gra, as the user presses it. `pick` gets the titles and answers with an index.
local function menu(pick)
  local titles
  vim.ui.select = function(items, options, done)
    titles = vim.tbl_map(options.format_item, items)
    local index = pick and pick(titles)
    done(index and items[index] or nil, index)
  end
  vim.lsp.buf.code_action()
  wait(function()
    return titles
  end, 10000)
  return titles or {}
end
-- The first fix, once there is one: the menu explains before that.
local function best_fix(titles)
  for index, title in ipairs(titles) do
    if title:match('%[sendlens%]$') and not title:match('^Explain') then
      return index
    end
  end
end
local function index_of(titles, pattern)
  for index, title in ipairs(titles) do
    if title:match(pattern) then
      return index
    end
  end
end

-- Saves and waits until rust-analyzer's check is over.
local function save()
  local ended, at = checks_ended, vim.uv.hrtime()
  vim.cmd('silent write')
  wait(function()
    return checks_ended > ended
  end)
  return at
end
local function first_publish(name, severity, since)
  for _, one in ipairs(published) do
    if one.at > since and one.name == name and one[severity] then
      return ms(since, one.at)
    end
  end
end

local function server_pid()
  for _, process in ipairs(vim.api.nvim_get_proc_children(vim.fn.getpid())) do
    local info = vim.api.nvim_get_proc(process)
    if info and info.name:match('^sendlens') then
      return process
    end
  end
end
local function memory(pid)
  for line in io.lines(('/proc/%d/status'):format(pid)) do
    local kib = line:match('^VmRSS:%s+(%d+)')
    if kib then
      return ('%.1f MB'):format(kib / 1024)
    end
  end
end

local function starts()
  local t0 = vim.uv.hrtime()
  vim.cmd.edit(file)
  buffer = vim.api.nvim_get_current_buf()
  local function attached()
    return #vim.lsp.get_clients({ bufnr = buffer }) == 2
  end
  check('both servers attach', wait(attached, 20000))
  check('hints appear', wait(function() return #hints() >= 2 end), hints())
  say(('       start to hints %.0f ms'):format(ms(t0, vim.uv.hrtime())))
  -- rust-analyzer's publishes can overtake each other; then an error is missing until the next save.
  local saves = 0
  while not wait(function() return #errors() >= 2 end, 10000) and saves < 3 do
    saves = saves + 1
    save()
  end
  check('rust-analyzer shows its errors', #errors() >= 2, vim.diagnostic.get(buffer))
  if saves > 0 then
    say('       rust-analyzer lost an error and found it again after saves:', saves)
  end
  wait(function() return ready and checks_ended > 0 end)
  vim.wait(1000)
  local places = vim.tbl_map(function(hint) return ('%d:%d'):format(hint.lnum + 1, hint.col + 1) end, hints())
  check('they stand at `guard` and `limit`', vim.deep_equal(places, { '14:13', '30:9' }), places)
  check('there is one encoding', vim.lsp.get_clients()[1].offset_encoding == vim.lsp.get_clients()[2].offset_encoding)
  local user = cargo_calls()
  -- rust-analyzer's first check says `--workspace` first, our own says it last.
  local own = vim.tbl_filter(function(call) return not vim.startswith(call, 'check --workspace') end, user)
  check('rust-analyzer checked once at start-up, Sendlens not at all', #own == 0 and (#user == 1 or saves > 0), user)
end

local function shows()
  local text = hover('guard = queue')
  check('hover on the value: held across an await', text:find('held across', 1, true), text)
  check('hover on the value: rust-analyzer speaks too', text:find('let mut guard', 1, true), text)
  say('       | ' .. text:gsub('\n', '\n       | '))
  text = hover('.await', 2)
  check('hover on the await names the value', text:find('guard', 1, true), text)
  text = hover('tokio::spawn(worker', 8)
  check('hover on the demand names the value', text:find('guard', 1, true), text)
  text = hover('VecDeque,', 2)
  check('elsewhere only rust-analyzer speaks', not text:lower():find('sendlens', 1, true), text)
  go('send(job)')
  vim.lsp.buf.definition()
  check('definition works', wait(function() return vim.fn.line('.') == find('async fn send') end, 5000))
end

local function offers()
  local places = {
    value = 'guard = queue',
    ['await'] = 'await;',
    dot = '.await;',
    expression = 'send(job)',
    demand = 'tokio::spawn(worker',
    error = 'worker(Arc',
  }
  for place, text in vim.spairs(places) do
    go(text)
    local titles
    local offered = wait(function()
      titles = menu()
      return index_of(titles, '`guard`')
    end, 30000)
    check('actions on the ' .. place, offered, titles)
    if place == 'value' then
      for _, title in ipairs(titles) do
        say('       |', title)
      end
    end
  end
end

local function buffer_text(of)
  return table.concat(vim.api.nvim_buf_get_lines(of or 0, 0, -1, false), '\n')
end

local function explains()
  local function opens()
    local opened = wait(function()
      return vim.api.nvim_buf_get_name(0) == 'sendlens://explanation'
    end, 5000)
    local text = buffer_text()
    if opened then
      vim.cmd.close()
    end
    return opened, text
  end
  go('tokio::spawn(worker')
  vim.cmd('Sendlens explain')
  local opened, text = opens()
  check(':Sendlens explain opens a window', opened)
  check('it shows the life of the value', text:find('16 ┿━', 1, true) and text:find('17 ╰─', 1, true), text)
  say('       | ' .. text:gsub('\n', '\n       | '))
  menu(function(titles) return index_of(titles, '^Explain why') end)
  check('the menu explains, too', (opens()))

  local namespace = vim.api.nvim_get_namespaces()['sendlens.life']
  local function marks()
    vim.api.nvim_exec_autocmds('CursorMoved', { buffer = buffer })
    vim.wait(400)
    return vim.api.nvim_buf_get_extmarks(buffer, namespace, 0, -1, { details = true })
  end
  go('guard = queue')
  local drawn = {}
  for _, mark in ipairs(marks()) do
    table.insert(drawn, ('%d %s'):format(mark[2] + 1, mark[4].virt_text[1][1]))
  end
  -- Two marks of one line come in either order.
  table.sort(drawn)
  local want = { '14 ╭', '15 │', '16   guard is alive here', '16 ┿', '17   guard ends here' }
  check('the life of the value is drawn', vim.deep_equal(drawn, want), drawn)
  go('println')
  check('elsewhere nothing is drawn', #marks() == 0)
end

-- Fixes both problems through the menu, saves, and takes it back, some times.
local function fixes()
  local save_to = { rustc = {}, sendlens = {}, gone = {} }
  local broken = vim.api.nvim_buf_get_lines(buffer, 0, -1, false)
  for round = 1, rounds do
    for _, name in ipairs({ 'guard = queue', 'limit = read_limit' }) do
      go(name)
      local tick = vim.b[buffer].changedtick
      wait(function()
        menu(best_fix)
        return wait(function() return vim.b[buffer].changedtick ~= tick end, 1000)
      end, 20000)
      if round == 1 then
        check('a fix for `' .. name:match('^%w+') .. '` is applied', vim.b[buffer].changedtick ~= tick)
      end
    end
    local before = #cargo_calls()
    local at = save()
    local clean = wait(function() return #errors() == 0 and #hints() == 0 end, 10000)
    table.insert(save_to.gone, ms(at, vim.uv.hrtime()))
    vim.wait(1500)
    local after = cargo_calls()
    if not check(('round %d: fixed, saved, errors and hints are gone'):format(round), clean, vim.diagnostic.get(buffer)) then
      say(table.concat(vim.api.nvim_buf_get_lines(buffer, 0, -1, false), '\n'))
    end
    check(('round %d: one check for that save'):format(round), #after - before == 1, after)

    before = #after
    vim.api.nvim_buf_set_lines(buffer, 0, -1, false, broken)
    published = {}
    at = save()
    local back = wait(function() return #errors() >= 2 and #hints() >= 2 end, 10000)
    check(('round %d: broken again, errors and hints are back'):format(round), back, vim.diagnostic.get(buffer))
    table.insert(save_to.rustc, first_publish('rust_analyzer', 1, at))
    table.insert(save_to.sendlens, first_publish('sendlens', 4, at))
    vim.wait(1500)
    after = cargo_calls()
    check(('round %d: one check for that save'):format(round), #after - before == 1, after)
  end
  for _, name in ipairs({ 'rustc', 'sendlens', 'gone' }) do
    table.sort(save_to[name])
    local times = vim.tbl_map(function(time) return ('%.0f'):format(time) end, save_to[name])
    local what = { rustc = "save to rust-analyzer's error", sendlens = 'save to hint', gone = 'save of the fix to nothing left' }
    say(('       %s, ms: %s'):format(what[name], table.concat(times, ' ')))
  end
end

local function command()
  local before = vim.lsp.get_clients({ name = 'sendlens' })[1].id
  vim.cmd('Sendlens restart')
  local function again()
    local client = vim.lsp.get_clients({ name = 'sendlens', bufnr = buffer })[1]
    return client and client.id ~= before
  end
  check(':Sendlens restart', wait(again, 10000))
  check('hints come back after it', wait(function() return #hints() >= 2 end, 20000), hints())
  vim.cmd('Sendlens log')
  check(':Sendlens log', vim.api.nvim_buf_get_name(0):find('log$'), vim.api.nvim_buf_get_name(0))
  vim.cmd.close()
  check('completion', vim.deep_equal(vim.fn.getcompletion('Sendlens ', 'cmdline'), { 'explain', 'log', 'restart' }))
  vim.cmd('checkhealth sendlens')
  local report = table.concat(vim.api.nvim_buf_get_lines(0, 0, -1, false), '\n')
  check(':checkhealth finds no fault', report:find('OK', 1, true) and not report:find('ERROR', 1, true) and not report:find('WARN', 1, true), report)
  vim.cmd.close()
  -- Tags that are double or broken raise an error here.
  local tags_ok, why = pcall(vim.cmd, 'helptags ' .. vim.fn.fnameescape(plugin .. '/doc'))
  local help_ok = tags_ok and pcall(vim.cmd, 'help sendlens-override')
  check('help tags', help_ok, why)
  vim.cmd.helpclose()
end

-- Where rust-analyzer is not the one who checks: hints come all the same, from one check a save.
local function other_modes()
  vim.cmd.edit(file)
  buffer = vim.api.nvim_get_current_buf()
  if mode == 'untrusted' then
    wait(function() return #vim.lsp.get_clients() == 1 end, 5000)
    vim.wait(7000)
    local user, copies = cargo_calls()
    check('without trust no cargo runs', #vim.fn.readfile(vim.env.CARGO_CALLS) == 0, { user, copies })
    return
  end
  if mode == 'missing' then
    wait(function() return #messages > 0 end, 5000)
    say('       | ' .. table.concat(messages, '\n       | '))
    check('the user is told that the server is missing', told('no-such-sendlens'), messages)
    vim.cmd('checkhealth sendlens')
    check(':checkhealth says what to do', buffer_text():find('cargo install sendlens', 1, true), buffer_text())
    vim.cmd('Sendlens explain')
    check(':Sendlens explain says so, too', told('not running'), messages)
    return
  end
  local opened_at = vim.uv.hrtime()
  check('hints appear', wait(function() return #hints() == 2 end), vim.lsp.get_clients())
  say(('       start to hints %.0f ms'):format(ms(opened_at, vim.uv.hrtime())))
  if mode == 'silent' or mode == 'unheard' then
    local part = mode == 'silent' and 'does not check' or '`sendlens flycheck --`'
    check('the user is told why Sendlens checks', told(part), messages)
    say('       | ' .. table.concat(messages, '\n       | '))
    vim.cmd('checkhealth sendlens')
    local advice = mode == 'silent' and 'does not check on save' or 'sendlens-override'
    check(':checkhealth says so, too', buffer_text():find(advice, 1, true), buffer_text())
    vim.cmd.close()
    if mode == 'unheard' then
      -- Both check, as the message says.
      return
    end
  end
  if mode == 'tee' then
    wait(function() return ready and checks_ended > 0 end)
  end
  vim.wait(1500)
  for round = 1, 2 do
    local before = #cargo_calls()
    vim.api.nvim_buf_set_lines(buffer, -1, -1, false, { '// round ' .. round })
    vim.cmd('silent write')
    vim.wait(6000)
    local after = cargo_calls()
    check(('round %d: one check for that save'):format(round), #after - before == 1, after)
    check(('round %d: the hints stay'):format(round), #hints() == 2, hints())
  end
end

local function run()
  if mode ~= 'beside' then
    return other_modes()
  end
  say(tostring(vim.version()), 'with', vim.fn.system({ 'rust-analyzer', '--version' }))
  starts()
  shows()
  offers()
  explains()
  local pid = server_pid()
  say('       resident memory of the server', pid and memory(pid))
  fixes()
  say('       resident memory of the server after that', pid and memory(pid))
  command()
  local pids = server_pid()
  for _, client in ipairs(vim.lsp.get_clients()) do
    client:stop()
  end
  check('the server ends', wait(function() return not (pids and vim.uv.fs_stat('/proc/' .. pids)) end, 5000))
  local _, copies = cargo_calls()
  say('       cargo calls on copies', #copies)
end

vim.api.nvim_create_autocmd('VimEnter', {
  callback = vim.schedule_wrap(function()
    local ok, why = xpcall(run, debug.traceback)
    if not ok then
      check('the run itself', false, why)
    end
    say(('neovim (' .. mode .. '): %d passed, %d failed'):format(passed, failed))
    vim.cmd(failed == 0 and 'qall!' or 'cquit! 1')
  end),
})
