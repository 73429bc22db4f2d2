--- What `:Sendlens` does.
local M = {}

--- The server that this was made for.
M.version = '0.1.0'

--- How long a server may take to say goodbye, in milliseconds.
local GOODBYE = 3000

---@return vim.lsp.Client[]
local function clients()
  return vim.lsp.get_clients({ name = 'sendlens' })
end

---@param message string
---@param level? integer
local function say(message, level)
  vim.notify('Sendlens: ' .. message, level or vim.log.levels.INFO)
end

--- Shows text in a window of its own, which `q` closes.
---@param explanation { title: string, document: string }
local function show(explanation)
  local name = 'sendlens://explanation'
  local buffer = vim.fn.bufnr('^' .. name .. '$')
  if buffer == -1 then
    buffer = vim.api.nvim_create_buf(false, true)
    vim.api.nvim_buf_set_name(buffer, name)
    vim.keymap.set('n', 'q', '<Cmd>close<CR>', { buffer = buffer, desc = 'Close' })
    vim.bo[buffer].filetype = 'markdown'
  end
  vim.bo[buffer].modifiable = true
  vim.api.nvim_buf_set_lines(buffer, 0, -1, false, vim.split(vim.trim(explanation.document), '\n'))
  vim.bo[buffer].modifiable = false
  local window = vim.fn.bufwinid(buffer)
  if window ~= -1 then
    return vim.api.nvim_set_current_win(window)
  end
  vim.cmd.split({ mods = { split = 'botright' } })
  vim.api.nvim_win_set_buf(0, buffer)
  vim.wo[0][0].conceallevel = 2
  vim.wo[0][0].wrap = true
  vim.wo[0][0].linebreak = true
end

--- Explains the error at a place: the one that is given, or that of the cursor.
---@param uri? string
---@param position? lsp.Position
function M.explain(uri, position)
  local client = vim.lsp.get_clients({ name = 'sendlens', bufnr = 0 })[1] or clients()[1]
  if not client then
    return say('the server is not running: `:checkhealth sendlens` says why', vim.log.levels.WARN)
  end
  local params = vim.lsp.util.make_position_params(0, client.offset_encoding)
  if uri and position then
    params = { textDocument = { uri = uri }, position = position }
  end
  client:request('sendlens/explain', params, function(err, explanation)
    if err then
      say(err.message, vim.log.levels.ERROR)
    elseif not explanation then
      say('no `Send` problem is known in this file')
    else
      show(explanation)
    end
  end)
end

local function is_enabled()
  -- 0.11 has no function for it.
  local is_enabled = vim.lsp.is_enabled
  return is_enabled and is_enabled('sendlens') or vim.tbl_get(vim.lsp, '_enabled_configs', 'sendlens') ~= nil
end

--- Says, once, that the server is enabled and not installed.
function M.complain_if_missing()
  local cmd = vim.tbl_get(vim.lsp.config, 'sendlens', 'cmd')
  local program = type(cmd) == 'table' and cmd[1]
  if program and is_enabled() and vim.fn.executable(program) == 0 then
    local advice = '`%s` is not installed, or not on the PATH of Neovim: say `cargo install sendlens`'
    vim.notify_once('Sendlens: ' .. advice:format(program), vim.log.levels.WARN)
  end
end

--- The file that the server writes its log to; nil where it goes to Neovim's own log.
---@return string?
function M.log_file()
  local config = vim.lsp.config['sendlens']
  local cmd = config and config.cmd
  if type(cmd) ~= 'table' then
    return nil
  end
  for index, argument in ipairs(cmd) do
    if argument == '--log' then
      return cmd[index + 1]
    end
  end
end

local function neovim_log()
  -- The old name is deprecated since 0.12.
  local log = vim.lsp.log
  return log.get_filename and log.get_filename() or vim.lsp.get_log_path()
end

--- Waits, without blocking the editor, until every client is stopped.
---@param stopping vim.lsp.Client[]
---@param after fun()
local function when_stopped(stopping, after)
  local deadline = vim.uv.now() + GOODBYE
  local forced = false
  local function look()
    local running = vim.tbl_filter(function(client)
      return not client:is_stopped()
    end, stopping)
    if #running == 0 then
      return after()
    end
    if not forced and vim.uv.now() > deadline then
      forced = true
      for _, client in ipairs(running) do
        client:stop(true)
      end
    end
    vim.defer_fn(look, 50)
  end
  look()
end

--- Stops the server where it runs and starts it in the buffers that it had. Settings that were
--- changed with `vim.lsp.config` meanwhile hold from then on.
function M.restart()
  local stopping = clients()
  local buffers = {}
  for _, client in ipairs(stopping) do
    vim.list_extend(buffers, vim.tbl_keys(client.attached_buffers))
  end
  for _, client in ipairs(stopping) do
    client:stop()
  end
  when_stopped(stopping, function()
    if #stopping == 0 then
      buffers = vim.api.nvim_list_bufs()
    end
    vim.lsp.enable('sendlens')
    for _, buffer in ipairs(buffers) do
      local is_rust = vim.api.nvim_buf_is_loaded(buffer) and vim.bo[buffer].filetype == 'rust'
      if is_rust and #vim.lsp.get_clients({ name = 'sendlens', bufnr = buffer }) == 0 then
        vim.api.nvim_exec_autocmds('FileType', { group = 'nvim.lsp.enable', buffer = buffer })
      end
    end
  end)
end

--- Opens the server's log in a split, at its end.
function M.log()
  local file = M.log_file()
  if not file or not vim.uv.fs_stat(file) then
    file = neovim_log()
  end
  if not vim.uv.fs_stat(file) then
    return say('nothing was logged yet')
  end
  vim.cmd.split(vim.fn.fnameescape(file))
  vim.cmd.normal({ 'G', bang = true })
end

local commands = {
  explain = function()
    M.explain()
  end,
  restart = M.restart,
  log = M.log,
}

---@param lead string
---@return string[]
function M.complete(lead)
  local names = vim.tbl_filter(function(name)
    return vim.startswith(name, lead)
  end, vim.tbl_keys(commands))
  table.sort(names)
  return names
end

---@param arguments string[]
function M.run(arguments)
  local command = commands[arguments[1]]
  if command then
    return command()
  end
  local known = table.concat(M.complete(''), ', ')
  say(('`:Sendlens %s` is not known, say %s'):format(arguments[1], known), vim.log.levels.ERROR)
end

return M
