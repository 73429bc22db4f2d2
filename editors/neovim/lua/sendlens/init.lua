--- What `:Sendlens` does.
local M = {}

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

local commands = { restart = M.restart, log = M.log }

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
  local known = table.concat(M.complete(''), ' or ')
  say(('`:Sendlens %s` is not known, say %s'):format(arguments[1], known), vim.log.levels.ERROR)
end

return M
