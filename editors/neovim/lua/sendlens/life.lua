--- Draws the life of the value under the cursor: from its declaration, across each `.await`, to
--- its end, when it is not `Send`.
local M = {}

--- The cursor must rest for so long, in milliseconds.
local REST = 150

local namespace = vim.api.nvim_create_namespace('sendlens.life')
local timer

vim.api.nvim_set_hl(0, 'SendlensLife', { default = true, link = 'DiagnosticWarn' })
vim.api.nvim_set_hl(0, 'SendlensAwait', { default = true, link = 'DiagnosticError' })

---@param buffer integer
---@param line integer 0-based
---@param glyph string
---@param highlight string
---@param note? string
local function draw_line(buffer, line, glyph, highlight, note)
  local text = vim.api.nvim_buf_get_lines(buffer, line, line + 1, false)[1]
  if not text then
    return
  end
  -- What starts in the first column is not drawn over.
  if text == '' or text:match('^%s') then
    vim.api.nvim_buf_set_extmark(buffer, namespace, line, 0, {
      virt_text = { { glyph, highlight } },
      virt_text_win_col = 0,
      hl_mode = 'combine',
    })
  end
  if note then
    vim.api.nvim_buf_set_extmark(buffer, namespace, line, 0, {
      virt_text = { { '  ' .. note, highlight } },
      virt_text_pos = 'eol',
      hl_mode = 'combine',
    })
  end
end

---@param buffer integer
---@param life table
local function draw(buffer, life)
  local last = life.to and life.to['end'].line or life.from.start.line
  local crossed = {}
  for _, range in ipairs(life.awaits) do
    crossed[range.start.line] = true
    last = math.max(last, range['end'].line)
  end
  local first = life.from.start.line
  for line = first, last do
    if crossed[line] then
      draw_line(buffer, line, '┿', 'SendlensAwait', life.name .. ' is alive here')
    elseif line == first then
      draw_line(buffer, line, '╭', 'SendlensLife')
    elseif line == last then
      draw_line(buffer, line, '╰', 'SendlensLife', life.name .. ' ends here')
    else
      draw_line(buffer, line, '│', 'SendlensLife')
    end
  end
end

---@param buffer integer
local function update(buffer)
  local client = vim.lsp.get_clients({ name = 'sendlens', bufnr = buffer })[1]
  if not client or buffer ~= vim.api.nvim_get_current_buf() or vim.g.sendlens_life == false then
    vim.api.nvim_buf_clear_namespace(buffer, namespace, 0, -1)
    return
  end
  local tick = vim.b[buffer].changedtick
  local params = vim.lsp.util.make_position_params(0, client.offset_encoding)
  client:request('sendlens/life', params, function(err, lives)
    if not vim.api.nvim_buf_is_valid(buffer) or vim.b[buffer].changedtick ~= tick then
      return
    end
    vim.api.nvim_buf_clear_namespace(buffer, namespace, 0, -1)
    -- An older server does not know the request.
    for _, life in ipairs(not err and lives or {}) do
      draw(buffer, life)
    end
  end, buffer)
end

--- Draws in a buffer from now on, as the cursor moves.
---@param buffer integer
function M.attach(buffer)
  local group = vim.api.nvim_create_augroup('sendlens.life.' .. buffer, { clear = true })
  vim.api.nvim_create_autocmd({ 'CursorMoved', 'TextChanged', 'InsertLeave' }, {
    group = group,
    buffer = buffer,
    callback = function()
      timer = timer or assert(vim.uv.new_timer())
      timer:start(REST, 0, vim.schedule_wrap(function()
        if vim.api.nvim_buf_is_valid(buffer) then
          update(buffer)
        end
      end))
    end,
  })
end

return M
